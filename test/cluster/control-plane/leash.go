package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

func init() {
	programs["leash"] = leash
}

// leash runs the program named by its first argument and ends it when standard
// input closes. The kernel closes that pipe however the parent dies, which
// PR_SET_PDEATHSIG does not promise: it follows the parent's thread.
func leash(args []string) int {
	if len(args) < 2 || args[1] == "leash" {
		fmt.Fprintln(os.Stderr, "usage: control-plane leash PROGRAM [flags]")
		return 2
	}
	start, ok := programs[args[1]]
	if !ok {
		fmt.Fprintf(os.Stderr, "control-plane has no program %q\n", args[1])
		return 2
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		// SIGTERM would take seconds, and nobody is left to wait for them.
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
	return start(args[1:])
}
