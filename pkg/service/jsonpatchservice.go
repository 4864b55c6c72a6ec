package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONPatchApply changes a JSON document as a JSON patch (RFC 6902) says. Interlok: ApplyPatchService. Members keep their order, numbers
// their digits.
type JSONPatchApply struct {
	component.ServiceBase
	PatchSource ByteSource `xml:"patch-source,required" doc:"where the patch is"`
	Source      ByteSource `xml:"source" default:"payload-input-stream-wrapper" doc:"where the document is"`
	Output      ByteTarget `xml:"output" default:"payload-output-stream-wrapper" doc:"where the result goes"`
	Flags       []string   `xml:"flags>json-patch-apply-flag" enum:"MISSING_VALUES_AS_NULLS,REMOVE_NONE_EXISTING_ARRAY_ELEMENT" doc:"what of the standard is not held to: MISSING_VALUES_AS_NULLS takes null for a missing value, REMOVE_NONE_EXISTING_ARRAY_ELEMENT removes elements that are not there"`
}

// Apply changes the document.
func (s *JSONPatchApply) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("json-patch-apply: %w", err)
	}
	return nil
}

func (s *JSONPatchApply) apply(m *message.Message) error {
	document, err := jsonOfBytes(s.Source, "source", m)
	if err != nil {
		return err
	}
	patch, err := jsonOfBytes(s.PatchSource, "patch-source", m)
	if err != nil {
		return err
	}
	document, err = applyPatch(document, patch, patchRules{
		missingAsNull: slices.Contains(s.Flags, "MISSING_VALUES_AS_NULLS"),
		removeMissing: slices.Contains(s.Flags, "REMOVE_NONE_EXISTING_ARRAY_ELEMENT"),
	})
	if err != nil {
		return err
	}
	return writeJSON(s.Output, m, document)
}

// writeJSON writes a document in UTF-8, or in the character set of the message if it becomes the payload.
func writeJSON(to ByteTarget, m *message.Message, document any) error {
	if _, ok := to.(*NewPayload); ok {
		return setText(m, expr.JSONText(document))
	}
	if err := to.WriteBytes(m, expr.AppendJSON(nil, document)); err != nil {
		return fmt.Errorf("<output>: %w", err)
	}
	return nil
}

// JSONPatchDiff makes the JSON patch (RFC 6902) that leads from one JSON document to another. Interlok: GeneratePatchDiffService. The patch
// has the operations add, remove and replace; Interlok finds moves and copies too.
type JSONPatchDiff struct {
	component.ServiceBase
	DiffSource ByteSource `xml:"diff-source,required" doc:"where the document before is"`
	DiffTarget ByteSource `xml:"diff-target,required" doc:"where the document after is"`
	Output     ByteTarget `xml:"output" default:"payload-output-stream-wrapper" doc:"where the patch goes"`
	Flags      []string   `xml:"flags>json-patch-diff-flag" enum:"OMIT_VALUE_ON_REMOVE,OMIT_MOVE_OPERATION,OMIT_COPY_OPERATION,ADD_ORIGINAL_VALUE_ON_REPLACE,EMIT_TEST_OPERATIONS" doc:"how the patch is written; without any, OMIT_VALUE_ON_REMOVE"`
}

// Apply makes the patch.
func (s *JSONPatchDiff) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("json-patch-generate-diff: %w", err)
	}
	return nil
}

func (s *JSONPatchDiff) apply(m *message.Message) error {
	before, err := jsonOfBytes(s.DiffSource, "diff-source", m)
	if err != nil {
		return err
	}
	after, err := jsonOfBytes(s.DiffTarget, "diff-target", m)
	if err != nil {
		return err
	}
	d := &differ{operations: []any{}, style: diffStyle{
		valueOnRemove:  len(s.Flags) > 0 && !slices.Contains(s.Flags, "OMIT_VALUE_ON_REMOVE"),
		fromOnReplace:  slices.Contains(s.Flags, "ADD_ORIGINAL_VALUE_ON_REPLACE"),
		testOperations: slices.Contains(s.Flags, "EMIT_TEST_OPERATIONS"),
	}}
	d.diff(nil, before, after)
	return writeJSON(s.Output, m, d.operations)
}

func init() {
	const pkg = "com.adaptris.core.json.jsonpatch."
	component.Register[JSONPatchApply]("json-patch-apply", pkg+"ApplyPatchService", component.KindService, "changes a JSON document as a JSON patch says")
	component.Register[JSONPatchDiff]("json-patch-generate-diff", pkg+"GeneratePatchDiffService", component.KindService, "makes the JSON patch that leads from one JSON document to another")
}
