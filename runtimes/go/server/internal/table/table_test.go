package table

import (
	"testing"
	"unsafe"
)

func TestBothSeeTheSame(t *testing.T) {
	here, file, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	there, err := Map(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	here.Take(7).Begin("an-id", ToHead, 42)
	c := there.At(7)
	if c.Phase() != Running || c.ID() != "an-id" || c.Flags() != ToHead || c.Deadline() != 42 || there.Used() != 8 {
		t.Errorf("there: %v %q %v %v %v", c.Phase(), c.ID(), c.Flags(), c.Deadline(), there.Used())
	}
	if !c.Claim() || here.At(7).Claim() {
		t.Error("an answer is given by exactly one")
	}
	generation := here.At(7).Generation()
	c.Leave()
	if here.At(7).Generation() == generation || here.At(7).Phase() != Free {
		t.Error("a connection that is gone looks like the next one")
	}
}

func TestConnectionsShareNoCacheLine(t *testing.T) {
	if size := unsafe.Sizeof(Connection{}); size != 128 {
		t.Errorf("a connection takes %d bytes", size)
	}
	if offset := unsafe.Offsetof(Table{}.connections); offset != 128 {
		t.Errorf("the connections begin at %d", offset)
	}
}
