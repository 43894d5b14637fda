package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func init() {
	programs["node-init"] = nodeInit
}

// nodeInit is the first process of a node's namespaces: it says "ready", reaps
// what becomes its child and ends when standard input closes. With it end all
// processes of its pid namespace.
func nodeInit([]string) int {
	orphans := make(chan os.Signal, 16)
	signal.Notify(orphans, syscall.SIGCHLD)
	go func() {
		for range orphans {
			reap()
		}
	}()
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func reap() {
	for {
		id, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if id <= 0 || err != nil {
			return
		}
	}
}
