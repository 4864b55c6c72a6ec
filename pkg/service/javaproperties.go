package service

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/document"
)

// encodeProperties writes a properties file as Java's Properties.store does, in the order of items.
func encodeProperties(items []MetadataItem, now time.Time) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "#\n#%s\n", now.Format("Mon Jan 02 15:04:05 MST 2006"))
	for _, item := range items {
		escapeProperty(&b, item.Key, true)
		b.WriteByte('=')
		escapeProperty(&b, item.Value, false)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func escapeProperty(b *bytes.Buffer, text string, key bool) {
	for i, r := range text {
		switch {
		case r == ' ' && (key || i == 0):
			b.WriteString(`\ `)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\f':
			b.WriteString(`\f`)
		case strings.ContainsRune(`\=:#!`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r > 0x7E:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(b, `\u%04X`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
}

// decodeProperties reads a properties file as Java's Properties.load does; name is for errors.
func decodeProperties(name string, data []byte) ([]MetadataItem, error) {
	read, problems := document.ReadProperties(name, data)
	if faults := problems.Errors(); len(faults) > 0 {
		return nil, faults
	}
	items := make([]MetadataItem, len(read))
	for i, p := range read {
		items[i] = MetadataItem{Key: p.Key, Value: p.Value}
	}
	return items, nil
}

// xmlProperties is a properties file as Java's Properties.storeToXML writes it.
type xmlProperties struct {
	XMLName xml.Name   `xml:"properties"`
	Comment string     `xml:"comment"`
	Entries []xmlEntry `xml:"entry"`
}

type xmlEntry struct {
	Key   string `xml:"key,attr"`
	Value string `xml:",chardata"`
}

const xmlPropertiesHead = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + "\n" +
	`<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">` + "\n"

// encodeXMLProperties writes a properties file in XML.
func encodeXMLProperties(items []MetadataItem) ([]byte, error) {
	p := xmlProperties{Entries: make([]xmlEntry, len(items))}
	for i, item := range items {
		p.Entries[i] = xmlEntry(item)
	}
	data, err := xml.MarshalIndent(p, "", "")
	return append([]byte(xmlPropertiesHead), append(data, '\n')...), err
}

// halfCharacters are a character as Java's storeToXML writes it when one unit of UTF-16 does not hold it: two references, neither of which
// XML allows.
var halfCharacters = regexp.MustCompile(`&#x(d[89ab][0-9a-f]{2});&#x(d[c-f][0-9a-f]{2});`)

// joinHalves makes one character of each two halves.
func joinHalves(data []byte) []byte {
	return halfCharacters.ReplaceAllFunc(data, func(both []byte) []byte {
		var high, low rune
		if _, err := fmt.Sscanf(string(both), "&#x%x;&#x%x;", &high, &low); err != nil {
			return both
		}
		return utf8.AppendRune(nil, utf16.DecodeRune(high, low))
	})
}

// decodeXMLProperties reads a properties file in XML. Entities of a DTD are not known.
func decodeXMLProperties(data []byte) ([]MetadataItem, error) {
	d := xml.NewDecoder(bytes.NewReader(joinHalves(data)))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if isUTF8(charset) {
			return in, nil
		}
		e, err := charsetOf(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(in), nil
	}
	var p xmlProperties
	if err := d.Decode(&p); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, fmt.Errorf("it is no properties file in XML: %w", err)
	}
	items := make([]MetadataItem, len(p.Entries))
	for i, e := range p.Entries {
		items[i] = MetadataItem(e)
	}
	return items, nil
}
