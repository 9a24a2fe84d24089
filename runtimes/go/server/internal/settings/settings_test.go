package settings

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSecondsArePlainAndPositive(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5": 5 * time.Second, "05": 5 * time.Second, "0.75": 750 * time.Millisecond, "29.5": 29500 * time.Millisecond,
	} {
		if got, ok := Seconds(text); !ok || got != want {
			t.Errorf("Seconds(%q) = %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "0", "0.0", "-1", "+1", "1e3", "NaN", "inf", "1s", "1 2", ".5", "5.", "0x10", "1.2.3", "1_0",
	} {
		if got, ok := Seconds(text); ok {
			t.Errorf("Seconds(%q) = %v", text, got)
		}
	}
}

func TestOneLineBreakBelongsToTheFile(t *testing.T) {
	for content, want := range map[string]string{"s\n": "s", "s\r\n": "s", "s\n\n": "s\n", "s": "s"} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("RUNTIME_SECRET", "")
		t.Setenv("RUNTIME_SECRET_FILE", path)
		read, err := FromEnvironment()
		if err != nil || read.Secret != sha256.Sum256([]byte(want)) {
			t.Errorf("%q: the secret is not %q, %v", content, want, err)
		}
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	for name, value := range map[string]string{
		"RUNTIME_PORT": "65536", "RUNTIME_TIMEOUT": "soon", "RUNTIME_GRACE": "-1", "RUNTIME_MAX_BODY": "20MiB",
		"RUNTIME_CONCURRENCY": "0", "RUNTIME_WORKERS": "+1", "RUNTIME_SECRET_FILE": "/nonexistent/secret",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("RUNTIME_SECRET", map[bool]string{true: "", false: "s"}[name == "RUNTIME_SECRET_FILE"])
			t.Setenv(name, value)
			if _, err := FromEnvironment(); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		})
	}
}
