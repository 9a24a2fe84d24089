package httpd

import (
	"net/http"
	"strings"
	"testing"
)

func TestOnlyAValidTraceparentHasATrace(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for parent, want := range map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":                      id,
		"01-" + id + "-00f067aa0ba902b7-01-more":                 id,
		"00-" + id + "-00f067aa0ba902b7-01-more":                 "",
		"00-" + id + "-00f067aa0ba902b7":                         "",
		"ff-" + id + "-00f067aa0ba902b7-01":                      "",
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": "",
		"00-" + id + "-" + strings.Repeat("0", 16) + "-01":       "",
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":     "",
		"nonsense": "", "": "",
	} {
		if got := traceID(parent); got != want {
			t.Errorf("traceID(%q) = %q", parent, got)
		}
	}
}

func TestTargets(t *testing.T) {
	for whole, want := range map[string][2]string{
		"/": {"/", ""}, "/a?b=c?d": {"/a", "b=c?d"}, "/p?": {"/p", ""}, "*": {"*", ""}, "//x//y?": {"//x//y", ""},
		"http://h:1/p?a=1": {"/p", "a=1"}, "http://h": {"/", ""}, "http://h?a=1": {"/", "a=1"}, "/x://y?z": {"/x://y", "z"},
	} {
		path, query := target(&http.Request{RequestURI: whole})
		if path != want[0] || query != want[1] {
			t.Errorf("target %q is %q and %q", whole, path, query)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	for given, want := range map[string]string{
		"application/json": "application/json", "Application/JSON ; charset=utf-8": "application/json", "": "", "a": "a",
	} {
		if got := mediaType(http.Header{"Content-Type": {given}}); got != want {
			t.Errorf("mediaType(%q) = %q", given, got)
		}
	}
	if got := mediaType(http.Header{}); got != "" {
		t.Errorf("no content type is %q", got)
	}
}
