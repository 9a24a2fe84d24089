// Command bare is the least that answers as the measured function does: net/http, and nothing between it and the JSON.
package main

import (
	"encoding/json"
	"log"
	"net/http"
)

type envelope struct {
	Payload struct{ Name string }
}

type greeting struct {
	Message string `json:"message"`
}

func greet(w http.ResponseWriter, r *http.Request) {
	var given envelope
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := json.Marshal(greeting{"Hello " + given.Payload.Name})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}

func main() {
	log.Fatal(http.ListenAndServe(":3000", http.HandlerFunc(greet)))
}
