# frozen_string_literal: true

module Slipway
  # W3C Trace Context, as far as a log needs it.
  module Trace
    # Version ff and ids of zeros only are invalid; only versions after 00 may have more to say.
    PARENT = /\A(?:
      00-(?!0{32})(?<id>\h{32})-(?!0{16})\h{16}-\h{2} |
      (?!00|ff)\h{2}-(?!0{32})(?<id>\h{32})-(?!0{16})\h{16}-\h{2}(?:-.*)?
    )\z/x
    private_constant :PARENT

    # The trace id of a traceparent, nil where it is none.
    def self.id(traceparent)
      return if traceparent.match?(/[A-F]/)

      match = PARENT.match(traceparent)
      match && (match[1] || match[2])
    end
  end
end
