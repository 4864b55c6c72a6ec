package failed

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func full() *Details {
	return &Details{
		Version: 1, Name: "order-7", At: time.Date(2026, 11, 24, 8, 0, 0, 123456789, time.UTC), Channel: "orders", Workflow: "wf", Message: "id", Written: "other", File: "7.json",
		SourceDirectory: "/in/", Reason: "a\xffb <&>", Code: "C", Stream: "s", ShardID: "shard", Tries: 3, Attempts: []Attempt{{1, 2, "C", "m", 1}}, Remedy: "wait", MayBeStored: true,
		Metadata: map[string]Text{"k": "v", "bad": "\xfe"}, Added: map[string]Text{"x": ""}, Encoding: "ISO-8859-1", Payload: PayloadOf([]byte("payload")),
	}
}

func TestDetailsComeBackAsTheyWere(t *testing.T) {
	text, err := full().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(string(text), `"reason": {`) || !strings.Contains(string(text), `"base64": "Yf9iIDwmPg=="`) {
		t.Errorf("text that is no UTF-8 is not kept as it is:\n%s", text)
	}
}

func TestTooMuchMetadataIsLeftOut(t *testing.T) {
	d := full()
	d.Metadata = map[string]Text{"large": Text(strings.Repeat("x", MostDetails))}
	text, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(text)
	if err != nil || !got.MetadataLost || got.Metadata != nil || got.Reason != d.Reason {
		t.Errorf("%v, %+v", err, got)
	}
	if d.Metadata == nil {
		t.Error("the details themselves were changed")
	}
	d.Reason = Text(strings.Repeat("x", MostDetails))
	if _, err := d.Encode(); err == nil {
		t.Error("more than can be read was encoded")
	}
}

func TestDecodeRefusesWhatAreNoDetails(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {"", "EOF"},
		"cut":               {`{"version":1,"name":"a"`, "unexpected EOF"},
		"no version":        {`{"name":"a"}`, "no version"},
		"no name":           {`{"version":1}`, "no name"},
		"two":               {`{"version":1,"name":"a"} {}`, "after the object"},
		"not an object":     {`[1]`, "cannot unmarshal"},
		"negative size":     {`{"version":1,"name":"a","payload":{"bytes":-1}}`, "negative"},
		"object as a text":  {`{"version":1,"name":{"x":1}}`, "a text is a string"},
		"number as a text":  {`{"version":1,"name":7}`, "cannot unmarshal"},
		"no Base64":         {`{"version":1,"name":{"base64":"?"}}`, "base64"},
		"too large":         {strings.Repeat(" ", MostDetails+1), "more than"},
		"an older of later": {`{"version":2,"name":"a","more":true}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.text))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	text, err := full().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"name":{"base64":"/w=="},"metadata":{"a":"\ud800"}}`))
	f.Add([]byte(`{"version":9,"name":"a","at":"2026-11-24T08:00:00+01:00","attempts":[{}],"payload":{"bytes":1,"sha256":"x"}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Decode(text)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			t.Fatalf("what was read can not be written: %v", err)
		}
		got, err := Decode(again)
		if err != nil {
			t.Fatalf("what was written can not be read: %v", err)
		}
		d.Version = got.Version
		if diff := cmp.Diff(d, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-first +second:\n%s", diff)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add("order-7")
	f.Add(strings.Repeat("ä", 120))
	f.Add(strings.Repeat("\xff", 255))
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil {
			return
		}
		key := keyOf(name)
		file := key + "." + strings.Repeat("A", tokenLength) + detailsSuffix
		if got, ok := keyIn(file); !ok || got != key {
			t.Errorf("%q is found as %q, %v", key, got, ok)
		}
		if len(name) <= 255 && len(file) > 255 {
			t.Errorf("%d bytes are too long for a name", len(file))
		}
	})
}
