package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Invocation is what codi hands to a command, in CODI_INVOCATION.
type Invocation struct {
	Arguments struct {
		Name string `json:"name"`
	} `json:"arguments"`
}

func main() {
	var invocation Invocation
	if err := json.Unmarshal([]byte(os.Getenv("CODI_INVOCATION")), &invocation); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("Hello, %s!\n", invocation.Arguments.Name)
}
