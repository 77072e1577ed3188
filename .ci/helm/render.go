// Renders a Helm chart as `helm template` does, for the tests: Helm itself is not in Debian, but what it is made of is.
// Go's text/template with sprig's functions and Helm's own (include, tpl, toYaml, required, lookup, …), the built-in
// objects (.Values, .Release, .Chart, .Capabilities, .Files, .Template), and values checked against the chart's schema.
// Charts with dependencies are refused.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

// files is .Files: what the chart holds besides templates.
type files map[string][]byte

func (f files) Get(name string) string      { return string(f[name]) }
func (f files) GetBytes(name string) []byte { return f[name] }
func (f files) Lines(name string) []string  { return strings.Split(string(f[name]), "\n") }
func (f files) Glob(pattern string) files {
	found := files{}
	for name, content := range f {
		if matches, err := path.Match(pattern, name); err == nil && matches {
			found[name] = content
		}
	}
	return found
}
func (f files) AsConfig() string {
	data := map[string]string{}
	for name, content := range f {
		data[path.Base(name)] = string(content)
	}
	return toYAML(data)
}

type apiVersions []string

func (versions apiVersions) Has(version string) bool {
	for _, candidate := range versions {
		if candidate == version {
			return true
		}
	}
	return false
}

type kubeVersion struct{ Version, Major, Minor string }

func (version kubeVersion) String() string     { return version.Version }
func (version kubeVersion) GitVersion() string { return version.Version }

type repeated []string

func (values *repeated) String() string { return strings.Join(*values, ",") }
func (values *repeated) Set(value string) error {
	*values = append(*values, value)
	return nil
}

func toYAML(value interface{}) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

func main() {
	var sets, valueFiles, versions repeated
	release := flag.String("release", "countersign", "name of the release")
	namespace := flag.String("namespace", "default", "namespace of the release")
	kube := flag.String("kube-version", "v1.32.0", "version of Kubernetes to render for")
	notes := flag.Bool("notes", false, "print NOTES.txt instead of the manifests")
	flag.Var(&sets, "set", "PATH=VALUE, as YAML (repeatable)")
	flag.Var(&valueFiles, "values", "a file of values (repeatable)")
	flag.Var(&versions, "api-versions", "a GROUP/VERSION that the cluster serves (repeatable)")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: helm-template [flags] CHART")
		os.Exit(64)
	}
	if len(versions) == 0 {
		versions = repeated{"v1", "apps/v1", "batch/v1", "policy/v1"}
	}
	chart := chart{folder: flag.Arg(0), name: *release, namespace: *namespace, kube: *kube, versions: apiVersions(versions)}
	if err := chart.run(valueFiles, sets, *notes); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

type chart struct {
	folder, name, namespace, kube string
	versions                      apiVersions
	templates                     *template.Template
}

func (c *chart) run(valueFiles, sets []string, notes bool) error {
	description := object{}
	if err := c.read("Chart.yaml", &description); err != nil {
		return err
	}
	if description["dependencies"] != nil {
		return errors.New("charts with dependencies are not rendered here")
	}
	values, err := c.values(valueFiles, sets)
	if err != nil {
		return err
	}
	if err := c.validate(values); err != nil {
		return err
	}
	context, err := c.context(description, values)
	if err != nil {
		return err
	}
	return c.render(context, notes)
}

func (c *chart) read(name string, into interface{}) error {
	text, err := os.ReadFile(filepath.Join(c.folder, name))
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// values are the chart's own, overlaid by files and then by single settings; null takes a default away.
func (c *chart) values(valueFiles, sets []string) (object, error) {
	values := object{}
	if err := c.read("values.yaml", &values); err != nil {
		return nil, err
	}
	for _, name := range valueFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		over := object{}
		if err := yaml.Unmarshal(text, &over); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		merge(values, over)
	}
	for _, set := range sets {
		parts := strings.SplitN(set, "=", 2)
		if len(parts) != 2 {
			return nil, fmt.Errorf("--set %s: PATH=VALUE is asked for", set)
		}
		var value interface{}
		if err := yaml.Unmarshal([]byte(parts[1]), &value); err != nil {
			return nil, fmt.Errorf("--set %s: %w", set, err)
		}
		keys := strings.Split(parts[0], ".")
		over := object{keys[len(keys)-1]: value}
		for index := len(keys) - 2; index >= 0; index-- {
			over = object{keys[index]: over}
		}
		merge(values, over)
	}
	return values, nil
}

func merge(values, over object) {
	for key, value := range over {
		deeper, isObject := value.(object)
		below, wasObject := values[key].(object)
		switch {
		case value == nil:
			delete(values, key)
		case isObject && wasObject:
			merge(below, deeper)
		default:
			values[key] = value
		}
	}
}

func (c *chart) validate(values object) error {
	schema, err := os.ReadFile(filepath.Join(c.folder, "values.schema.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	text, err := json.Marshal(values)
	if err != nil {
		return err
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewBytesLoader(text))
	if err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	if result.Valid() {
		return nil
	}
	lines := []string{"values don't meet the specifications of the schema(s)"}
	for _, problem := range result.Errors() {
		lines = append(lines, "- "+problem.String())
	}
	return errors.New(strings.Join(lines, "\n"))
}

func (c *chart) context(description, values object) (object, error) {
	held := files{}
	err := filepath.Walk(c.folder, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		relative, err := filepath.Rel(c.folder, name)
		if err != nil || strings.HasPrefix(relative, "templates"+string(filepath.Separator)) {
			return err
		}
		held[relative], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Templates know the chart's fields with a capital, as Go has them.
	fields := object{"IsRoot": true}
	for key, value := range description {
		fields[strings.ToUpper(key[:1])+key[1:]] = value
	}
	numbers := strings.SplitN(strings.TrimPrefix(c.kube, "v"), ".", 3)
	if len(numbers) < 2 {
		return nil, fmt.Errorf("--kube-version %s: as v1.32.0", c.kube)
	}
	return object{
		"Values": values,
		"Chart":  fields,
		"Files":  held,
		"Release": object{
			"Name": c.name, "Namespace": c.namespace, "Service": "Helm", "Revision": 1, "IsInstall": true, "IsUpgrade": false,
		},
		"Capabilities": object{
			"KubeVersion": kubeVersion{Version: c.kube, Major: numbers[0], Minor: numbers[1]},
			"APIVersions": c.versions,
			"HelmVersion": object{"Version": "v3.16.0"},
		},
	}, nil
}

// functions are sprig's, less those that read the environment, and Helm's.
func (c *chart) functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["toYaml"] = toYAML
	functions["fromYaml"] = func(text string) object {
		value := object{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			value["Error"] = err.Error()
		}
		return value
	}
	functions["fromYamlArray"] = func(text string) []interface{} {
		var value []interface{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return []interface{}{err.Error()}
		}
		return value
	}
	// No cluster is asked: as `helm template`, nothing is found.
	functions["lookup"] = func(string, string, string, string) object { return object{} }
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if text, isText := value.(string); value == nil || (isText && text == "") {
			return nil, errors.New(message)
		}
		return value, nil
	}
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := c.templates.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["tpl"] = func(text string, data interface{}) (string, error) {
		clone, err := c.templates.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := clone.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		var out bytes.Buffer
		err = parsed.Execute(&out, data)
		return out.String(), err
	}
	return functions
}

func (c *chart) render(context object, notes bool) error {
	base := filepath.Base(filepath.Clean(c.folder))
	names, err := filepath.Glob(filepath.Join(c.folder, "templates", "*"))
	if err != nil {
		return err
	}
	sort.Strings(names)
	c.templates = template.New("chart").Option("missingkey=zero").Funcs(c.functions())
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := c.templates.New(path.Join(base, "templates", filepath.Base(name))).Parse(string(text)); err != nil {
			return err
		}
	}
	for _, name := range names {
		file := filepath.Base(name)
		isNotes := file == "NOTES.txt"
		if strings.HasPrefix(file, "_") || isNotes != notes {
			continue
		}
		full := path.Join(base, "templates", file)
		context["Template"] = object{"Name": full, "BasePath": path.Join(base, "templates")}
		var out bytes.Buffer
		if err := c.templates.ExecuteTemplate(&out, full, context); err != nil {
			return err
		}
		text := strings.ReplaceAll(out.String(), "<no value>", "")
		if isNotes {
			fmt.Print(text)
			continue
		}
		if err := printDocuments(full, text); err != nil {
			return err
		}
	}
	return nil
}

// printDocuments prints what is not empty, and refuses what is no YAML, as Helm does when it sorts the manifests.
func printDocuments(source, text string) error {
	for index, part := range strings.Split("\n"+text, "\n---") {
		var document object
		if err := yaml.UnmarshalStrict([]byte(part), &document); err != nil {
			return fmt.Errorf("%s, document %s: %w\n%s", source, strconv.Itoa(index+1), err, part)
		}
		if len(document) > 0 {
			fmt.Printf("---\n# Source: %s\n%s\n", source, strings.TrimSpace(part))
		}
	}
	return nil
}
