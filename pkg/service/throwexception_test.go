package service

import (
	"testing"
)

func TestThrowExceptionFailsTheMessage(t *testing.T) {
	for _, c := range []struct{ name, generator, want string }{
		{"configured, expressions as they stand", `class="configured-exception"><message>boom %message{why}</message>`, "boom %message{why}"},
		{"configured without text", `class="configured-exception">`, "throw-exception-service failed the message, without saying why"},
		{"from metadata", `class="exception-from-metadata"><exception-message-metadata-key>why</exception-message-metadata-key><default-exception-message>d</default-exception-message>`, "because"},
		{"from blank metadata", `class="exception-from-metadata"><exception-message-metadata-key>blank</exception-message-metadata-key><default-exception-message>d</default-exception-message>`, "d"},
		{"from missing metadata", `class="exception-from-metadata"><exception-message-metadata-key>nope</exception-message-metadata-key><default-exception-message>d</default-exception-message>`, "d"},
		{"from nothing", `class="exception-from-metadata">`, "throw-exception-service failed the message, without saying why"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*ThrowException](t, `<throw-exception-service><exception-generator `+c.generator+`</exception-generator></throw-exception-service>`)
			if err := s.Apply(t.Context(), newMessage("", "why", "because", "blank", " ")); err == nil || err.Error() != c.want {
				t.Errorf("error is %v; want %s", err, c.want)
			}
		})
	}
}
