package plan

import "time"

// monthHours are the hours of a month of bills, a twelfth of a year.
const monthHours = 730

const (
	monthSeconds = monthHours * 3600
	gigabyte     = 1 << 30
	million      = 1e6
)

// Item is something that is billed.
type Item struct {
	// Name is that of its price, see Prices.
	Name     string  `json:"name"`
	Quantity float64 `json:"quantity"`
	// Cost is what it costs in a month, nil without a price.
	Cost *float64 `json:"cost,omitempty"`
}

// Bill is what a mode of streams is billed by in a month, reading not included.
type Bill struct {
	Items []Item `json:"items"`
	// Cost is the sum, nil if a price is missing.
	Cost *float64 `json:"cost,omitempty"`
}

// Month is what is billed in one of 730 hours at the average, with aggregation as planned and without it, whatever mode was planned for.
type Month struct {
	Currency string `json:"currency,omitempty"`
	// Units are PUT payload units of provisioned streams, those without aggregation beside them.
	Units      float64 `json:"units"`
	UnitsAlone float64 `json:"unitsWithoutAggregation"`
	// SavedPercent of the units without aggregation are saved.
	SavedPercent float64 `json:"unitsSavedPercent"`

	Provisioned      Bill `json:"provisioned"`
	ProvisionedPlain Bill `json:"provisionedWithoutAggregation"`
	OnDemand         Bill `json:"onDemand"`
	OnDemandPlain    Bill `json:"onDemandWithoutAggregation"`
	// MissingPrices are those that a sum would need.
	MissingPrices []string `json:"missingPrices,omitempty"`
}

// month works out what is billed in either mode, each with the shards that it would have.
func (m *model) month(prices *Prices) (Month, error) {
	var out Month
	if prices != nil {
		out.Currency = prices.Currency
	}
	missing := make(map[string]bool)
	for _, c := range []struct {
		of       *model
		onDemand bool
		bill     *Bill
		units    *float64
	}{
		{m, false, &out.Provisioned, &out.Units}, {m.plain(), false, &out.ProvisionedPlain, &out.UnitsAlone},
		{m, true, &out.OnDemand, nil}, {m.plain(), true, &out.OnDemandPlain, nil},
	} {
		mode := *c.of
		if mode.load.OnDemand = c.onDemand; c.onDemand {
			mode.load.Shards = 0
		}
		shards, err := mode.shards()
		if err != nil {
			return out, err
		}
		f := mode.flow(mode.load.RecordsPerSecond, shards.PerStream)
		if c.onDemand {
			*c.bill = mode.onDemand(f).price(prices, missing)
		} else {
			*c.bill = mode.provisioned(f, shards.Total).price(prices, missing)
			*c.units = f.Units * monthSeconds
		}
	}
	out.SavedPercent = max(0, 100*(1-out.Units/out.UnitsAlone))
	for _, name := range priceNames {
		if missing[name] {
			out.MissingPrices = append(out.MissingPrices, name)
		}
	}
	return out, nil
}

func (m *model) provisioned(f Flow, shards int) Bill {
	hours := float64(shards) * monthHours
	b := Bill{Items: []Item{{Name: priceShardHour, Quantity: hours}, {Name: pricePutUnits, Quantity: f.Units * monthSeconds / million}}}
	if m.load.Retention > LeastRetention {
		b.Items = append(b.Items, Item{Name: priceExtendedShardHour, Quantity: hours})
	}
	return m.longTerm(b, f)
}

func (m *model) onDemand(f Flow) Bill {
	b := Bill{Items: []Item{
		{Name: priceStreamHour, Quantity: float64(m.load.Streams) * monthHours},
		{Name: priceGBIn, Quantity: f.OnDemandBytes * monthSeconds / gigabyte},
	}}
	if kept := min(m.load.Retention, week) - LeastRetention; kept > 0 {
		b.Items = append(b.Items, Item{Name: priceExtendedGBMonth, Quantity: stored(f, kept)})
	}
	return m.longTerm(b, f)
}

// longTerm adds what is kept for more than a week.
func (m *model) longTerm(b Bill, f Flow) Bill {
	if kept := m.load.Retention - week; kept > 0 {
		b.Items = append(b.Items, Item{Name: priceLongTermGBMonth, Quantity: stored(f, kept)})
	}
	return b
}

// stored is how many GB lie in the streams of what came in so long a time.
func stored(f Flow, kept time.Duration) float64 {
	return f.KinesisRecords * f.KinesisRecordBytes * kept.Seconds() / gigabyte
}

// price puts the costs in, and notes which prices are missing. Without any price it does nothing.
func (b Bill) price(prices *Prices, missing map[string]bool) Bill {
	if prices == nil {
		return b
	}
	sum, whole := 0.0, true
	for i := range b.Items {
		item := &b.Items[i]
		price, known := prices.of[item.Name]
		if !known {
			missing[item.Name], whole = true, false
			continue
		}
		cost := price * item.Quantity
		item.Cost = &cost
		sum += cost
	}
	if whole {
		b.Cost = &sum
	}
	return b
}
