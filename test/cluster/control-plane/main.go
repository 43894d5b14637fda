// Command control-plane is a Kubernetes control plane in one binary: the first
// argument (or the name it was started by) names the program.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// program runs one of the programs with its arguments, args[0] being its name,
// and returns the exit status.
type program func(args []string) int

var programs = map[string]program{
	"etcd":                    etcd,
	"kube-apiserver":          kubeAPIServer,
	"kube-controller-manager": kubeControllerManager,
	"kube-proxy":              kubeProxy,
	"kube-scheduler":          kubeScheduler,
	"kubelet":                 kubelet,
	"kubectl":                 kubectl,
}

func main() {
	os.Exit(run(os.Args))
}

func run(args []string) int {
	if start, ok := programs[filepath.Base(args[0])]; ok {
		return start(args)
	}
	if len(args) > 1 {
		if start, ok := programs[args[1]]; ok {
			return start(args[1:])
		}
	}
	names := slices.Sorted(maps.Keys(programs))
	fmt.Fprintf(os.Stderr, "usage: control-plane {%s} [flags]\n", strings.Join(names, "|"))
	return 2
}
