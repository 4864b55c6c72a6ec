package aggregation

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the format's checksum, not a matter of security
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Record is a user record of an aggregated record.
type Record struct {
	PartitionKey string
	// ExplicitHashKey is empty when the record has none.
	ExplicitHashKey string
	// Data is a part of the decoded bytes, not a copy.
	Data []byte
}

// IsAggregated says whether data has the form of an aggregated record: the magic number, room for a digest, and a digest that fits. It
// is how the Kinesis Client Library tells; what does not pass is a plain record.
func IsAggregated(data []byte) bool {
	if len(data) <= Overhead || string(data[:len(magic)]) != magic {
		return false
	}
	body := data[len(magic) : len(data)-digestBytes]
	sum := md5.Sum(body) //nolint:gosec // the format's checksum
	return bytes.Equal(sum[:], data[len(data)-digestBytes:])
}

// Decode takes an aggregated record apart. ok is false, and err nil, for a plain record. An error means that the digest fits but the
// protobuf inside does not parse; consumers treat such a record as plain.
func Decode(data []byte) (records []Record, ok bool, err error) {
	if !IsAggregated(data) {
		return nil, false, nil
	}
	var d decoder
	if err := d.message(data[len(magic) : len(data)-digestBytes]); err != nil {
		return nil, false, fmt.Errorf("aggregated record: %w", err)
	}
	return d.records, true, nil
}

type decoder struct {
	partitionKeys []string
	hashKeys      []string
	records       []Record
}

func (d *decoder) message(body []byte) error {
	var raw [][]byte
	err := fields(body, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case tagPartitionKey >> 3:
			d.partitionKeys = append(d.partitionKeys, string(value))
		case tagExplicitHashKey >> 3:
			d.hashKeys = append(d.hashKeys, string(value))
		case tagRecord >> 3:
			raw = append(raw, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.records = make([]Record, 0, len(raw))
	for i, r := range raw {
		if err := d.record(r); err != nil {
			return fmt.Errorf("user record %d: %w", i, err)
		}
	}
	return nil
}

func (d *decoder) record(raw []byte) error {
	var r Record
	var haveKey, haveData bool
	err := fields(raw, func(number protowire.Number, value []byte, index uint64) (err error) {
		switch number {
		case tagPartitionKeyIndex >> 3:
			r.PartitionKey, err = entry(d.partitionKeys, index, "partition key")
			haveKey = true
		case tagHashKeyIndex >> 3:
			r.ExplicitHashKey, err = entry(d.hashKeys, index, "explicit hash key")
		case tagData >> 3:
			r.Data, haveData = value, true
		}
		return err
	})
	if err != nil {
		return err
	}
	if !haveKey || !haveData {
		return fmt.Errorf("partition key index or data is missing")
	}
	d.records = append(d.records, r)
	return nil
}

func entry(table []string, index uint64, what string) (string, error) {
	if index >= uint64(len(table)) {
		return "", fmt.Errorf("%s index %d is beyond the table of %d", what, index, len(table))
	}
	return table[index], nil
}

// fields calls visit for every field: value is set for length-delimited ones, number for varints. Others are passed over.
func fields(b []byte, visit func(field protowire.Number, value []byte, number uint64) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var value []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(field, kind, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if kind != protowire.BytesType && kind != protowire.VarintType {
			continue
		}
		if err := visit(field, value, number); err != nil {
			return err
		}
	}
	return nil
}
