package greeting

import (
	"testing"

	"slipway"
)

func TestItGreets(t *testing.T) {
	for payload, want := range map[string]string{
		`{"name":"Ada"}`: `{"message":"Hello Ada","caller":"1st"}`,
		`null`:           `{"message":"Hello World","caller":"1st"}`,
	} {
		greeted.Store(0)
		res := &slipway.Response{}
		if err := Main(&slipway.Request{Payload: []byte(payload)}, res); err != nil {
			t.Fatal(err)
		}
		if answer, err := res.Given(); err != nil || string(answer.Body) != want {
			t.Errorf("%s: %s, %v", payload, answer.Body, err)
		}
	}
}

func TestItSaysWhatItTakes(t *testing.T) {
	res := &slipway.Response{}
	if err := Main(&slipway.Request{Payload: []byte(`"Ada"`)}, res); err != nil {
		t.Fatal(err)
	}
	if answer, err := res.Given(); err != nil || answer.Status != 400 {
		t.Errorf("%+v, %v", answer, err)
	}
}
