package logs

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"slipway"
)

func TestALineHoldsWhateverAMessageHolds(t *testing.T) {
	message := "é𝄞\"\\\t\x01\nsecond"
	owner := Owner{Invocation: "id", Trace: "0af7651916cd43dd8448eb211c80319c"}
	line := AppendLine(nil, time.Unix(0, 0), slipway.Error, owner, message)
	var read map[string]string
	if err := json.Unmarshal(line, &read); err != nil || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("%q: %v", line, err)
	}
	want := map[string]string{
		"time": "1970-01-01T00:00:00.000Z", "level": "error", "invocation": "id", "trace_id": owner.Trace, "message": message,
	}
	for name, value := range want {
		if read[name] != value {
			t.Errorf("%s is %q, not %q", name, read[name], value)
		}
	}
}

func TestALineOfNobodySaysNull(t *testing.T) {
	line := string(AppendLine(nil, time.Unix(0, 0), slipway.Info, Owner{}, "x"))
	if want := `{"time":"1970-01-01T00:00:00.000Z","level":"info","invocation":null,"message":"x"}` + "\n"; line != want {
		t.Errorf("got %s", line)
	}
}

func TestLinesArePutTogetherWhateverTheyAreCutInto(t *testing.T) {
	var lines Lines
	var seen []string
	emit := func(line string) { seen = append(seen, line) }
	for _, piece := range []string{"on", "e\r\ntw", "o\n\nb\xff\n", "rest"} {
		lines.Add([]byte(piece), emit)
	}
	lines.End(emit)
	lines.End(emit)
	if want := []string{"one", "two", "", "b\xff", "rest"}; !slices.Equal(seen, want) {
		t.Errorf("got %q", seen)
	}
}

func TestALineWithoutAnEndIsCut(t *testing.T) {
	var lines Lines
	var total, count int
	for range 5 {
		lines.Add(make([]byte, longest/2+1), func(line string) { total, count = total+len(line), count+1 })
	}
	if count != 2 || total != 2*longest || len(lines.rest) > longest {
		t.Errorf("%d lines of %d bytes, %d kept", count, total, len(lines.rest))
	}
}

func TestTheWriterKeepsTheOrder(t *testing.T) {
	path := t.TempDir() + "/log"
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer := NewWriter(int(file.Fd()), int(file.Fd()))
	for range 1000 {
		writer.Write(slipway.Info, Owner{}, "a")
		writer.Write(slipway.Info, Owner{}, "b")
	}
	writer.Flush(5 * time.Second)
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var messages strings.Builder
	for line := range strings.Lines(string(written)) {
		var read struct{ Message string }
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatal(err)
		}
		messages.WriteString(read.Message)
	}
	if messages.String() != strings.Repeat("ab", 1000) {
		t.Errorf("%d lines, not in order", messages.Len())
	}
}

func TestALineIsWithTheKernelWhenWriteReturns(t *testing.T) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	writer := NewWriter(ends[1], ends[1])
	bytes := make([]byte, 4096)
	for range 100 {
		writer.Write(slipway.Info, Owner{}, "x")
		if n, err := syscall.Read(ends[0], bytes); n <= 0 || bytes[n-1] != '\n' {
			t.Fatalf("%d bytes are there: %v", n, err)
		}
	}
}

func TestWhoeverPostsWaitsForNoReader(t *testing.T) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], 0); err != nil {
		t.Fatal(err)
	}
	writer := NewWriter(ends[1], ends[1])
	const count = 1000
	for range count {
		writer.Post(slipway.Info, Owner{}, strings.Repeat("x", 1000))
	}
	for lines, bytes := 0, make([]byte, 4096); lines < count; {
		n, err := syscall.Read(ends[0], bytes)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(bytes[:n]), "\n")
	}
}
