// Keeps what is secret in inputs secret in outputs, and out of messages.
package main

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// lastApplied is where kubectl keeps the whole object that it was given, a Secret's values among it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// markSecrets marks in outputs what is secret in the inputs. Where the shapes differ, and in lists (the server may order them anew), the whole value is secret.
func markSecrets(outputs, inputs resource.PropertyMap) {
	if kind, ok := outputs["kind"]; ok && kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := outputs[key]; ok && !value.IsSecret() {
				outputs[key] = resource.MakeSecret(value)
			}
		}
		markLastApplied(outputs)
	}
	for key, input := range inputs {
		output, ok := outputs[key]
		switch {
		case !ok || output.IsSecret():
		case output.IsObject() && input.IsObject():
			markSecrets(output.ObjectValue(), input.ObjectValue())
		case input.ContainsSecrets():
			outputs[key] = resource.MakeSecret(output)
		}
	}
}

func markLastApplied(outputs resource.PropertyMap) {
	metadata, ok := outputs["metadata"]
	if !ok || !metadata.IsObject() {
		return
	}
	annotations, ok := metadata.ObjectValue()["annotations"]
	if !ok || !annotations.IsObject() {
		return
	}
	if value, ok := annotations.ObjectValue()[lastApplied]; ok && !value.IsSecret() {
		annotations.ObjectValue()[lastApplied] = resource.MakeSecret(value)
	}
}

// redact takes every secret of the inputs out of an error of the API server, which repeats values that it refuses.
func redact(err error, inputs resource.PropertyMap) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := text
	for _, secret := range secretTexts(resource.NewObjectProperty(inputs), false) {
		clean = strings.ReplaceAll(clean, secret, "[secret]")
	}
	if clean == text {
		return err
	}
	return errors.New(clean)
}

// secretTexts lists the texts that are secret, as they are and in base64; a text of one or two characters is in every message by chance.
func secretTexts(value resource.PropertyValue, secret bool) []string {
	switch {
	case value.IsSecret():
		return secretTexts(value.SecretValue().Element, true)
	case value.IsOutput():
		return secretTexts(value.OutputValue().Element, secret || value.OutputValue().Secret)
	case value.IsArray():
		var texts []string
		for _, item := range value.ArrayValue() {
			texts = append(texts, secretTexts(item, secret)...)
		}
		return texts
	case value.IsObject():
		var texts []string
		for _, field := range value.ObjectValue() {
			texts = append(texts, secretTexts(field, secret)...)
		}
		return texts
	case secret && value.IsString() && len(value.StringValue()) > 2:
		text := value.StringValue()
		texts := []string{text, base64.StdEncoding.EncodeToString([]byte(text))}
		if clear, err := base64.StdEncoding.DecodeString(text); err == nil && len(clear) > 2 {
			texts = append(texts, string(clear))
		}
		return texts
	}
	return nil
}
