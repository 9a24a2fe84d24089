// Command gin answers as the measured function does, by way of gin.
package main

import (
	"log"
	"net/http"

	"github.com/gin-gonic/gin"
)

type envelope struct {
	Payload struct {
		Name string `json:"name"`
	} `json:"payload"`
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())
	router.POST("/", func(c *gin.Context) {
		var given envelope
		if err := c.ShouldBindJSON(&given); err != nil {
			c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"message": err.Error()})
			return
		}
		// PureJSON writes the type without a charset, as the others do, less its parameter.
		c.Header("Content-Type", "application/json")
		c.PureJSON(http.StatusOK, gin.H{"message": "Hello " + given.Payload.Name})
	})
	log.Fatal(router.Run(":3000"))
}
