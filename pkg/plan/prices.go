package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/document"
)

// The names of prices, as a price file has them.
const (
	priceCurrency          = "currency"
	priceShardHour         = "shard-hour"
	pricePutUnits          = "million-put-units"
	priceExtendedShardHour = "extended-retention-shard-hour"
	priceStreamHour        = "on-demand-stream-hour"
	priceGBIn              = "on-demand-gb-in"
	priceExtendedGBMonth   = "on-demand-extended-retention-gb-month"
	priceLongTermGBMonth   = "long-term-retention-gb-month"
)

var priceNames = []string{
	priceShardHour, pricePutUnits, priceExtendedShardHour, priceStreamHour, priceGBIn, priceExtendedGBMonth, priceLongTermGBMonth,
}

// Prices are what a region charges. They change, and differ by region and contract: none is known to this program.
type Prices struct {
	// Currency is how sums are named; it may be empty.
	Currency string
	of       map[string]float64
}

// ParsePrices reads a price file: a name and a number a line, in the syntax of Java's properties. name is what errors call the file; they
// name everything that is wrong.
func ParsePrices(name string, data []byte) (*Prices, error) {
	properties, problems := document.ReadProperties(name, data)
	p := &Prices{of: make(map[string]float64)}
	wrong := func(at document.Position, format string, args ...any) {
		problems = append(problems, document.Problem{Pos: at, Message: fmt.Sprintf(format, args...)})
	}
	seen := make(map[string]bool)
	for _, entry := range properties {
		value := strings.TrimSpace(entry.Value)
		switch {
		case seen[entry.Key]:
			wrong(entry.Pos, "the price %s is given twice", entry.Key)
		case entry.Key == priceCurrency:
			p.Currency = value
		case !slices.Contains(priceNames, entry.Key):
			wrong(entry.Pos, "there is no price %q%s", entry.Key, document.DidYouMean(entry.Key, append(slices.Clone(priceNames), priceCurrency), nil))
		default:
			price, err := strconv.ParseFloat(value, 64)
			if err != nil || price < 0 || math.IsInf(price, 0) || math.IsNaN(price) {
				wrong(entry.ValuePos, "the price %s is %q; it takes a number such as 0.25, without a currency", entry.Key, value)
			}
			p.of[entry.Key] = price
		}
		seen[entry.Key] = true
	}
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	if len(p.of) == 0 {
		return nil, fmt.Errorf("%s has no price; it takes lines such as %s=…, with the names %s", name, priceShardHour, strings.Join(priceNames, ", "))
	}
	return p, nil
}
