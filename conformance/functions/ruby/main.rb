# frozen_string_literal: true

# The conformance function in Ruby: runs the steps that conformance/functions/README.md describes.

require "json"
require_relative "arguments"
require_relative "steps"

# Bound before a step patches the library.
PARSE = JSON.method(:parse)

def main(req, res)
  run = Run.new(req, res)
  steps_of(req).each do |step|
    name = step["do"]
    raise ArgumentError, "unknown step: #{name}" unless Arguments.right?(step)

    run.public_send("step_#{name}", step)
  end
end

def steps_of(req)
  return req.payload["steps"] if req.payload.is_a?(Hash) && req.payload.key?("steps")
  return PARSE.call(req.headers["x-conformance-steps"]) if req.headers.key?("x-conformance-steps")

  [{ "do" => "report" }]
end
