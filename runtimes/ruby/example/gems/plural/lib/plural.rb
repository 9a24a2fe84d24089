# frozen_string_literal: true

# Counts things in words.
module Plural
  def self.count(number, thing)
    "#{number} #{number == 1 ? thing : "#{thing}s"}"
  end
end
