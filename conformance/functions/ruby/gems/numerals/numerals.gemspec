# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "numerals"
  spec.version = "1.0.0"
  spec.summary = "Roman numerals"
  spec.authors = ["Slipway maintainers"]
  spec.files = ["lib/numerals.rb"]
  spec.required_ruby_version = ">= 3.2"
end
