package supervisor

import (
	"os"
	"testing"

	"slipway/server/internal/contract"
)

func TestAHostThatCanNotBeReadIsAWrongSetting(t *testing.T) {
	t.Setenv("RUNTIME_HOST", "no host")
	t.Setenv("RUNTIME_SECRET", "s3cret")
	silent, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func(out *os.File) { os.Stdout = out }(os.Stdout)
	os.Stdout = silent
	if code := Run("program"); code != contract.ConfigurationExit {
		t.Errorf("the exit code is %d", code)
	}
}
