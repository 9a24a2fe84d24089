package httpd

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"slipway"
	"slipway/server/internal/contract"
)

func TestQueries(t *testing.T) {
	got := parseQuery("a=1&b=x%20y&a=2&c&d=p+q&%C3%A9=%E2%82%AC&e=1=2&&f=%2525&g=100%&h=%zz&i=%4&j=%ff&=0")
	want := url.Values{
		"a": {"1", "2"}, "b": {"x y"}, "c": {""}, "d": {"p q"}, "é": {"€"}, "e": {"1=2"}, "f": {"%25"}, "g": {"100%"},
		"h": {"%zz"}, "i": {"%4"}, "j": {"\ufffd"}, "": {"0"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestEnvelopes(t *testing.T) {
	s := &server{environment: map[string]string{"A": "container", "B": "container"}}
	var req slipway.Request
	refusal := s.envelope([]byte(`{"payload":"a\u00e9","payload":"é","headers":{"X-A":"1","x-a":"2"},"env":{"A":"own"},
		"method":"PUT","path":"/x?y","query":"q=1","later":[{}]}`), &req)
	if refusal != nil {
		t.Fatal(refusal.Message)
	}
	if string(req.Payload) != `"é"` || string(req.Body) != "é" || req.Headers["x-a"] != "1, 2" || req.Method != "PUT" ||
		req.Path != "/x?y" || req.Query.Get("q") != "1" || req.Env["A"] != "own" || req.Env["B"] != "container" {
		t.Errorf("got %+v", req)
	}
	if s.environment["A"] != "container" {
		t.Error("an invocation changed what all of them share")
	}
	for _, c := range []struct {
		body string
		code contract.Code
	}{
		{"", contract.InvalidJSON}, {"{", contract.InvalidJSON}, {"[]", contract.InvalidEnvelope},
		{`{"headers":{"a":1}}`, contract.InvalidEnvelope}, {`{"env":null}`, contract.InvalidEnvelope},
		{`{"query":[]}`, contract.InvalidEnvelope},
	} {
		if refusal := s.envelope([]byte(c.body), new(slipway.Request)); refusal == nil || refusal.Code != c.code {
			t.Errorf("%s: %v", c.body, refusal)
		}
	}
}

func TestRawHeaders(t *testing.T) {
	got := rawHeaders(&http.Request{Host: "h", Header: http.Header{
		"X-Many": {"a", "b"}, "Cookie": {"c=1", "d=2"}, "Connection": {"x-private, Keep-Alive"}, "X-Private": {"1"},
		"Keep-Alive": {"5"}, "X-Runtime-Secret": {"s"}, "Te": {"trailers"},
	}})
	want := map[string]string{"host": "h", "x-many": "a, b", "cookie": "c=1; d=2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
