package service

import (
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Whoever reads a text and whoever writes it must agree on which names mean UTF-8.
func TestCharsetsAreTheSameForReadingAndWriting(t *testing.T) {
	for charset, want := range map[string]bool{
		"": true, "UTF-8": true, "utf8": true, "US-ASCII": true, "ascii": true, "ASCII": true, "ISO-8859-1": false, "UTF-16": false, "nothing": false,
	} {
		m := message.New([]byte("é"))
		m.SetEncoding(charset)
		if got := isUTF8(charset); got != want || m.IsUTF8() != want {
			t.Errorf("%q: services say %v, messages %v; want %v", charset, got, m.IsUTF8(), want)
		}
	}
	m := newMessage("é,a")
	m.SetEncoding("ASCII")
	s := decode[*FindAndReplace](t, `<find-and-replace-service><find-replace-pair><find class="configured-replacement-source"><value>a</value></find>
		<replace class="configured-replacement-source"><value>b</value></replace></find-replace-pair></find-and-replace-service>`)
	if err := component.Apply(t.Context(), s, m); err != nil || string(m.Payload()) != "é,b" {
		t.Errorf("payload %q, %v", m.Payload(), err)
	}
}
