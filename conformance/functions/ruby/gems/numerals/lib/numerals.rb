# frozen_string_literal: true

# Roman numerals.
module Numerals
  SIGNS = {
    1000 => "M", 900 => "CM", 500 => "D", 400 => "CD", 100 => "C", 90 => "XC", 50 => "L", 40 => "XL", 10 => "X",
    9 => "IX", 5 => "V", 4 => "IV", 1 => "I"
  }.freeze

  def self.roman(number)
    SIGNS.map do |value, sign|
      count, number = number.divmod(value)
      sign * count
    end.join
  end
end
