package failed_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/failed"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, document string) *adapter.Adapter {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xml")
	write(t, path, document)
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems.Errors())
	}
	return a
}

// into is an error handler that writes to a directory.
func into(directory, more string) string {
	return `<message-error-handler class="standard-processing-exception-handler">` + more + `<processing-exception-service class="service-list"><add-metadata-service/>` + toDirectory(directory) + `</processing-exception-service></message-error-handler>`
}

func toDirectory(directory string) string {
	return `<standalone-producer><producer class="fs-producer"><base-directory-url>` + directory + `</base-directory-url></producer></standalone-producer>`
}

func takesFiles(class, directory string) string {
	return `<consumer class="` + class + `"><base-directory-url>` + directory + `</base-directory-url></consumer>`
}

const everywhere = `<adapter><unique-id>a</unique-id>
<shared-components><services><service-list><unique-id>save</unique-id>%s</service-list><service-list><unique-id>other</unique-id>%s</service-list></services></shared-components>
%s
<channel-list>
<channel><unique-id>one</unique-id><workflow-list>
	<standard-workflow><unique-id>own</unique-id>%s%s</standard-workflow>
	<standard-workflow><unique-id>channels</unique-id>%s</standard-workflow>
</workflow-list>%s</channel>
<channel><unique-id>two</unique-id><workflow-list><standard-workflow>%s<producer class="fs-producer"><base-directory-url>/normal</base-directory-url></producer></standard-workflow></workflow-list></channel>
<channel><unique-id>three</unique-id><message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="shared-service"><lookup-name>save</lookup-name></processing-exception-service></message-error-handler>
	<workflow-list><pooling-workflow><unique-id>pool</unique-id></pooling-workflow></workflow-list></channel>
</channel-list></adapter>`

func TestPlacesOfADocument(t *testing.T) {
	document := fmt.Sprintf(everywhere, toDirectory("/shared"), toDirectory("/unused"),
		into("/adapter", "<always-handle-exception>true</always-handle-exception>"),
		takesFiles("fs-consumer", "/in"), into("/own", ""), takesFiles("traversing-fs-consumer", "file:///deep"), into("/channel/%message{day}/x", ""),
		takesFiles("non-deleting-fs-consumer", "/kept"))
	p := failed.PlacesOf(load(t, document).Components())
	var workflows []string
	for _, w := range p.Workflows {
		workflows = append(workflows, fmt.Sprintf("%s %s %s %v %s", w, w.Consumer, w.Source, w.Deep, w.WIPSuffix))
	}
	slices.Sort(workflows)
	if diff := cmp.Diff([]string{
		"channels@one traversing-fs-consumer /deep true .wip", "own@one fs-consumer /in false .wip", "pool@three null-message-consumer  false ", "workflow-1@two non-deleting-fs-consumer  false ",
	}, workflows); diff != "" {
		t.Errorf("workflows (-want +got):\n%s", diff)
	}
	var directories []string
	for _, d := range p.Directories {
		var from []string
		for _, w := range d.Workflows {
			from = append(from, w.String())
		}
		slices.Sort(from)
		directories = append(directories, d.Path+": "+strings.Join(from, " "))
	}
	slices.Sort(directories)
	if diff := cmp.Diff([]string{
		"/adapter: channels@one own@one pool@three workflow-1@two", "/channel: channels@one", "/own: own@one", "/shared: pool@three",
	}, directories); diff != "" {
		t.Errorf("directories (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		m    failed.Message
		want string
	}{
		"by details":      {failed.Message{Directory: "/adapter", Details: &failed.Details{Channel: "two", Workflow: "workflow-1"}}, "workflow-1@two"},
		"gone":            {failed.Message{Directory: "/own", Details: &failed.Details{Channel: "two", Workflow: "x"}}, "no workflow x@two any more"},
		"by directory":    {failed.Message{Directory: "/own"}, "own@one"},
		"below":           {failed.Message{Directory: "/channel/monday/x"}, "channels@one"},
		"many":            {failed.Message{Directory: "/adapter"}, "nothing was kept with it"},
		"other directory": {failed.Message{Directory: "/elsewhere"}, "nothing was kept with it"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := p.Route(&c.m)
			got := fmt.Sprint(err)
			if err == nil {
				got = w.String()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A reload keeps what has not changed: its elements are of the document before.
func TestPlacesAfterAReload(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	path := filepath.Join(dir, "a.xml")
	document := `<adapter>` + into(dir+"/failed", "") + `<channel-list><channel><unique-id>kept</unique-id><workflow><unique-id>w</unique-id></workflow></channel>
<channel><unique-id>changed</unique-id><workflow><unique-id>w</unique-id></workflow></channel></channel-list></adapter>`
	write(t, path, document)
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems.Errors())
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	write(t, path, strings.Replace(document, "<unique-id>changed</unique-id>", "<unique-id>changed</unique-id><comments>x</comments>", 1))
	if r, err := a.Reload(t.Context()); err != nil || len(r.Replaced) != 1 || len(r.Kept) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	p := failed.PlacesOf(a.Components())
	if len(p.Directories) != 1 || len(p.Directories[0].Workflows) != 2 || p.Directories[0].Path != dir+"/failed" {
		t.Errorf("%+v", p.Directories)
	}
}

func TestPathsAreThoseThatHaveMessages(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	document := `<channel>` + into(dir+"/%message{day}", "") + `<workflow/></channel>`
	varying := failed.PlacesOf(load(t, document).Components()).Directories[0]
	constant := failed.Directory{Path: dir}
	for _, below := range []string{"mon", "tue/am", "wed"} {
		write(t, filepath.Join(dir, below, "a"), "payload")
	}
	for _, below := range []string{"mon", "tue/am"} {
		if _, err := failed.Keep(filepath.Join(dir, below), &failed.Details{Name: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		d    failed.Directory
		want []string
	}{
		"constant": {constant, []string{dir, dir + "/mon", dir + "/tue/am"}},
		"varying":  {varying, []string{dir + "/mon", dir + "/tue/am"}},
		"not yet":  {failed.Directory{Path: dir + "/none"}, []string{dir + "/none"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.d.Paths(t.Context())
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestReachFindsWhatIsUsed(t *testing.T) {
	a := load(t, `<adapter><shared-components><connections><null-connection><unique-id>c1</unique-id></null-connection><null-connection><unique-id>c2</unique-id></null-connection></connections>
<services><service-list><unique-id>s1</unique-id><shared-service><lookup-name>s2</lookup-name></shared-service></service-list><service-list><unique-id>s2</unique-id>
<standalone-producer><connection class="shared-connection"><lookup-name>c2</lookup-name></connection><producer class="null-message-producer"/></standalone-producer></service-list>
<add-metadata-service><unique-id>s3</unique-id></add-metadata-service></services></shared-components>
<channel-list><channel><workflow><unique-id>static</unique-id><service-collection class="service-list"><shared-service><lookup-name>s1</lookup-name></shared-service></service-collection></workflow>
<workflow><unique-id>dynamic</unique-id><service-collection class="service-list"><dynamic-shared-service><lookup-name>%message{x}</lookup-name></dynamic-shared-service></service-collection></workflow>
</channel></channel-list></adapter>`)
	for workflow, want := range map[string]string{"static": "c2 s1 s2", "dynamic": "c2 s1 s2 s3"} {
		var got []string
		for _, d := range a.Components() {
			if id, _ := component.Element(d.Component, "unique-id").(string); id != workflow {
				continue
			}
			for _, used := range failed.Reach(a.Components(), d.Node) {
				if failed.SharedKind(used) != "" {
					id, _ := component.Element(used.Component, "unique-id").(string)
					got = append(got, id)
				}
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s uses %v, want %s", workflow, got, want)
		}
	}
}
