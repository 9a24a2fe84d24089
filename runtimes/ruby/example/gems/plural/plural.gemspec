# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "plural"
  spec.version = "1.0.0"
  spec.summary = "Counts things in words"
  spec.authors = ["Slipway maintainers"]
  spec.files = ["lib/plural.rb"]
  spec.required_ruby_version = ">= 3.2"
end
