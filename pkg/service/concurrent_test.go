package service

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

// TestServicesRunSideBySide is for the race detector: one list of services, many messages at once, as in a pooling-workflow.
func TestServicesRunSideBySide(t *testing.T) {
	s := decode[*List](t, `<service-list>`+add("id", "%payload{jsonpath:$.id}")+
		`<json-path-service><json-path-execution><source class="constant-data-input-parameter"><value>$.list</value></source><target class="string-payload-data-output-parameter"/></json-path-execution></json-path-service>
		<add-timestamp-metadata-service><timestamp-generator class="last-message-timestamp-generator"/></add-timestamp-metadata-service>
		<map-metadata-service><metadata-key>id</metadata-key><metadata-key-map><key-value-pair><key>(\d+)</key><value>{1}</value></key-value-pair></metadata-key-map></map-metadata-service>`+
		branch(`<condition class="expression"><algorithm>%message{id} @gteq 0</algorithm></condition>`)+
		`<advanced-message-splitter-service><splitter class="json-array-splitter"/><service class="service-list">`+add("key", "%message{id}/%message{currentSplitCount}")+
		`<standalone-producer><connection class="test-streams"/><producer class="aws-kinesis-synchronous-stream-producer"><stream>s</stream><partition-key>%message{key}</partition-key></producer></standalone-producer>
		</service></advanced-message-splitter-service><payload-from-template><template>%message{out} %message{splitCount}</template></payload-from-template></service-list>`)
	const messages = 200
	var all sync.WaitGroup
	for i := range messages {
		all.Go(func() {
			m := newMessage(fmt.Sprintf(`{"id":%d,"list":[{"n":1},{"n":2}]}`, i))
			if err := component.Apply(t.Context(), s, m); err != nil || string(m.Payload()) != "then 2" {
				t.Errorf("message %d: payload %s, error %v", i, m.Payload(), err)
			}
		})
	}
	all.Wait()
	var to *streams
	for _, inner := range s.Direct {
		if split, ok := inner.(*SplitMessage); ok {
			to = &split.Service.(*List).Direct[1].(*StandaloneProducer).Connection.(*ownStreams).streams
		}
	}
	keys := map[string]bool{}
	for _, r := range to.records {
		keys[r.Key] = strings.HasPrefix(r.Data, `{"n":`)
	}
	if len(keys) != 2*messages {
		t.Errorf("%d keys", len(keys))
	}
}
