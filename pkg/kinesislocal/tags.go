package kinesislocal

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

const maxTags = 50

// texts reads the members of a map of strings.
func (in input) texts() map[string]string {
	out := make(map[string]string, len(in.members))
	for name := range in.members {
		out[name] = in.str(name)
	}
	return out
}

func (v *validation) tags(in input) {
	for name := range in.members {
		if n := utf8.RuneCountInString(name); n < 1 || n > 128 {
			v.add(quoted(name), "tags", "satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]")
		}
		if value := in.str(name); utf8.RuneCountInString(value) > 256 {
			v.add(quoted(value), "tags", "satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]")
		}
	}
}

func (c *call) addTags() *apiError {
	tags, has := c.in.object("Tags")
	err := c.validate(func(v *validation) {
		if !has {
			v.required("tags")
		}
		v.tags(tags)
	})
	if err != nil {
		return err
	}
	return c.withStream(func(st *stream) *apiError {
		merged := maps.Clone(st.tags)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, tags.texts())
		if len(merged) > maxTags {
			return invalidArgument("Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.",
				st.name, c.s.opts.Account, maxTags)
		}
		st.tags = merged
		return nil
	})
}

func (c *call) removeTags() *apiError {
	keys := c.in.strings("TagKeys")
	err := c.validate(func(v *validation) {
		if !c.in.has("TagKeys") {
			v.required("tagKeys")
		} else if len(keys) < 1 || len(keys) > maxTags {
			v.add(fmt.Sprint(keys), "tagKeys", fmt.Sprintf("have length from 1 to %d", maxTags))
		}
	})
	if err != nil {
		return err
	}
	return c.withStream(func(st *stream) *apiError {
		for _, key := range keys {
			delete(st.tags, key)
		}
		return nil
	})
}

func (c *call) listTags() *apiError {
	limit, hasLimit := c.in.int("Limit")
	after := c.in.str("ExclusiveStartTagKey")
	err := c.validate(func(v *validation) {
		if hasLimit {
			v.integer(limit, 1, maxTags, "limit")
		}
	})
	if err != nil {
		return err
	}
	if !hasLimit {
		limit = maxTags
	}
	return c.withStream(func(st *stream) *apiError {
		keys := slices.Sorted(maps.Keys(st.tags))
		keys = slices.DeleteFunc(keys, func(key string) bool { return key <= after })
		more := len(keys) > int(limit)
		if more {
			keys = keys[:limit]
		}
		c.out.key("Tags")
		c.out.list()
		for _, key := range keys {
			c.out.object()
			c.out.key("Key")
			c.out.str(key)
			c.out.key("Value")
			c.out.str(st.tags[key])
			c.out.endObject()
		}
		c.out.endList()
		c.out.key("HasMoreTags")
		c.out.bool(more)
		return nil
	})
}
