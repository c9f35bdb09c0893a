// Where two plain values differ, down to the leaves, in the engine's notation of paths.
package main

import (
	"fmt"
	"reflect"
	"strings"
)

// change is one leaf that differs; a value that is not there is nil.
type change struct {
	path          []any
	before, after any
}

// changesBetween compares by keys and positions. An unknown value differs from every other.
func changesBetween(path []any, before, after any) []change {
	switch before := before.(type) {
	case map[string]any:
		if after, ok := after.(map[string]any); ok {
			return changesOfFields(path, before, after)
		}
	case []any:
		if after, ok := after.([]any); ok {
			return changesOfItems(path, before, after)
		}
	}
	_, isUnknown := after.(unknown)
	if !isUnknown && sameValue(before, after) {
		return nil
	}
	return []change{{path: append([]any{}, path...), before: before, after: after}}
}

func changesOfFields(path []any, before, after map[string]any) []change {
	var changes []change
	for key, value := range before {
		changes = append(changes, changesBetween(append(path, key), value, after[key])...)
	}
	for key, value := range after {
		if _, ok := before[key]; !ok {
			changes = append(changes, changesBetween(append(path, key), nil, value)...)
		}
	}
	return changes
}

func changesOfItems(path []any, before, after []any) []change {
	var changes []change
	at := func(items []any, index int) any {
		if index < len(items) {
			return items[index]
		}
		return nil
	}
	for index := range max(len(before), len(after)) {
		changes = append(changes, changesBetween(append(path, index), at(before, index), at(after, index))...)
	}
	return changes
}

func sameValue(left, right any) bool {
	leftNumber, isLeft := number(left)
	rightNumber, isRight := number(right)
	if isLeft && isRight {
		return leftNumber == rightNumber
	}
	return reflect.DeepEqual(left, right)
}

func number(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}

// pathText is the notation of detailed diffs: `spec.containers[0].image`, `metadata.annotations["a.b/c"]`.
func pathText(path []any) string {
	text := ""
	for _, step := range path {
		switch step := step.(type) {
		case int:
			text += fmt.Sprintf("[%d]", step)
		case string:
			switch {
			case step == "" || strings.ContainsAny(step, `."[]`):
				text += fmt.Sprintf(`["%s"]`, strings.ReplaceAll(step, `"`, `\"`))
			case text == "":
				text = step
			default:
				text += "." + step
			}
		}
	}
	return text
}

// isUnder tells whether a path is at or below a pattern such as `spec.containers[*].image`.
func isUnder(path []any, pattern string) bool {
	steps := strings.Split(strings.ReplaceAll(pattern, "[*]", ".*"), ".")
	if len(path) < len(steps) {
		// A change above the pattern (a whole object that is added or removed) holds it too.
		steps = steps[:len(path)]
	}
	for index, step := range steps {
		if _, isIndex := path[index].(int); step == "*" && isIndex {
			continue
		}
		if path[index] != any(step) {
			return false
		}
	}
	return true
}
