package control

import (
	"os"
	"testing"
	"time"

	"slipway/server/internal/settings"
)

func TestMessages(t *testing.T) {
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	sent := &settings.Settings{Host: "::", Port: 3000, Secret: [32]byte{1, 255}, Timeout: time.Second}
	if err := Send(ours, Message{Kind: Settings, Settings: sent}); err != nil {
		t.Fatal(err)
	}
	if got, err := NewReceiver(theirs).Receive(); err != nil || *got.Settings != *sent {
		t.Errorf("settings: %v, %v", got.Settings, err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	message := Message{Kind: Connection, Place: 7, Generation: 9, Descriptor: int(writer.Fd())}
	if err := Send(theirs, message); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	got, err := NewReceiver(ours).Receive()
	if err != nil || got.Place != 7 || got.Generation != 9 {
		t.Fatalf("connection: %+v, %v", got, err)
	}
	copied := os.NewFile(uintptr(got.Descriptor), "copy")
	if _, err := copied.WriteString("through"); err != nil {
		t.Fatal(err)
	}
	copied.Close()
	bytes := make([]byte, 16)
	if n, _ := reader.Read(bytes); string(bytes[:n]) != "through" {
		t.Errorf("the descriptor leads to %q", bytes[:n])
	}
}

func TestAFullWireDoesNotWait(t *testing.T) {
	ours, _, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	for range 100_000 {
		if Send(ours, Message{Kind: Retiring}) != nil {
			return
		}
	}
	t.Error("a wire that nobody reads takes whatever is sent")
}
