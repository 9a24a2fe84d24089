package exact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestOneForm(t *testing.T) {
	for _, c := range []struct{ document, want string }{
		{` { "b" : [ 1 , 2.50 , -0 , 1E+2 ] , "a" : { } , "" : [ ] } `, `{"b":[1,2.50,-0,1E+2],"a":{},"":[]}`},
		{`"\u00e9\ud834\udd1e\/\u2028\u003c"`, "\"é𝄞/\u2028<\""},
		{`"\u0001\u0008\u000a\u0022\u005c\b\""`, `"\u0001\b\n\"\\\b\""`},
		{`"\ud800"`, `"\ud800"`},
		{`"\uD800x\udc00\ud800\ud800\udc00"`, "\"\\ud800x\\udc00\\ud800\U00010000\""},
		{`{"a":1,"b":2,"\u0061":[3,{"c":1,"c":2}]}`, `{"a":[3,{"c":2}],"b":2}`},
		{`9007199254740993123`, `9007199254740993123`},
		{"true", "true"}, {"false", "false"}, {"null", "null"},
	} {
		got, err := Normalise([]byte(c.document))
		if err != nil || string(got) != c.want {
			t.Errorf("Normalise(%s) = %s, %v; want %s", c.document, got, err, c.want)
		}
		got, err = NormaliseInPlace([]byte(c.document))
		if err != nil || string(got) != c.want {
			t.Errorf("NormaliseInPlace(%s) = %s, %v; want %s", c.document, got, err, c.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	deep := strings.Repeat("[", 2*deepest) + `"\u003c"` + strings.Repeat("]", 2*deepest)
	for _, c := range []struct{ document, want string }{
		{`{"a":"\u003cb\u003e\u0026\u2028\n\\u003c\u0001\ud800","a":1.50}`, "{\"a\":\"<b>&\u2028\\n\\\\u003c\\u0001\\ud800\",\"a\":1.50}"},
		{deep, strings.ReplaceAll(deep, `\u003c`, "<")},
		{"[]", "[]"},
	} {
		if got := Unescape([]byte(c.document)); string(got) != c.want {
			t.Errorf("Unescape(%s) = %s; want %s", c.document, got, c.want)
		}
	}
}

func TestManyDuplicates(t *testing.T) {
	var document strings.Builder
	for i := range 100 {
		fmt.Fprintf(&document, `,"%d":%d`, i%50, i)
	}
	got, err := Normalise([]byte("{" + document.String()[1:] + "}"))
	var read map[string]int
	if err != nil || json.Unmarshal(got, &read) != nil || len(read) != 50 || read["7"] != 57 {
		t.Errorf("got %s, %v", got, err)
	}
	if !strings.HasPrefix(string(got), `{"0":50,"1":51,`) {
		t.Errorf("the first place was not kept: %s", got)
	}
}

func TestWhatIsNoJSON(t *testing.T) {
	for _, document := range []string{
		"", " ", "{", "[", `"`, `"\`, `"\u12`, "{} {}", "[1,]", `{"a":1,}`, `{"a"}`, `{"a" 1}`, "{1:2}", "[1 2]", "NaN",
		"+1", "01", "1.", ".5", "1e", "-", "tru", "nul", "'a'", "\"a\nb\"", "\"\xff\"", "\xef\xbb\xbf{}", `"\x"`, `"\u12g4"`,
		"// 1", strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1),
	} {
		if got, err := Normalise([]byte(document)); err == nil {
			t.Errorf("Normalise(%.40q) = %.40s", document, got)
		}
	}
}

func TestMembers(t *testing.T) {
	document := `{"a":"x,}\\\"]","b":{"c":["}"]},"é\"":[1,[2]],"d":-1.5e3,"e":null}`
	var names, values []string
	for name, value := range Members([]byte(document)) {
		names, values = append(names, Unquote(name)), append(values, string(value))
	}
	if got := strings.Join(names, " "); got != `a b é" d e` {
		t.Errorf("names: %s", got)
	}
	if got := strings.Join(values, " "); got != `"x,}\\\"]" {"c":["}"]} [1,[2]] -1.5e3 null` {
		t.Errorf("values: %s", got)
	}
	for name := range Members([]byte("{}")) {
		t.Errorf("an empty object has a member %s", name)
	}
}

func TestStrings(t *testing.T) {
	got := AppendString(nil, "é𝄞\"\\\t\x01\x7f\u2028\xff!")
	if want := "\"é𝄞\\\"\\\\\\t\\u0001\x7f\u2028\ufffd!\""; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\u00e9",{"a":1,"a":2}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := Normalise(document)
		same, failure := NormaliseInPlace(bytes.Clone(document))
		if (err == nil) != (failure == nil) || err == nil && !bytes.Equal(got, same) {
			t.Fatalf("%q became %q, %v, and %q, %v in its own place", document, got, err, same, failure)
		}
		if err != nil {
			return
		}
		if !json.Valid(document) || !json.Valid(got) {
			t.Fatalf("%q was taken, and became %q", document, got)
		}
		if again, err := Normalise(got); err != nil || string(again) != string(got) {
			t.Fatalf("%q became %q, and then %q, %v", document, got, again, err)
		}
	})
}
