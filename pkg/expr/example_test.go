package expr_test

import (
	"fmt"
	"os"

	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

func ExampleCompile() {
	template, err := expr.Compile("%message{tenant}-%payload{jsonpath:$.order.id}", expr.Sources{Env: os.LookupEnv})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := message.New([]byte(`{"order":{"id":12345678901234567890}}`))
	m.SetMetadata("tenant", "acme")
	fmt.Println(template.Resolve(m))
	fmt.Println(template.Resolve(message.New([]byte(`{"order":{"id":7}}`))))
	// Output:
	// acme-12345678901234567890 <nil>
	//  expression %message{tenant}: Could not resolve [tenant] as metadata/uniqueId/size/payload; the message has no such metadata (keys are case-sensitive)
}

func ExampleJSONPath_Values() {
	path, err := expr.CompileJSONPath("$.items[?(@.price < 10)].sku")
	if err != nil {
		fmt.Println(err)
		return
	}
	values, err := path.Values(message.New([]byte(`{"items":[{"sku":"a","price":9.90},{"sku":"b","price":12},{"sku":"c","price":1}]}`)))
	fmt.Println(values, err)
	// Output: [a c] <nil>
}
