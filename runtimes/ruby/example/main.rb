# frozen_string_literal: true

require "plural"

# Greets whoever the payload names, and counts the letters.
def main(req, res)
  payload = req.payload.is_a?(Hash) ? req.payload : {}
  name = payload.fetch("name", "World")
  req.log("greeting #{name}")
  res.json({ message: "#{req.env.fetch('GREETING', 'Hello')} #{name}", length: Plural.count(name.length, "letter") })
end
