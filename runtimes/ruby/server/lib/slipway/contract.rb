# frozen_string_literal: true

module Slipway
  # The contract's names that this side needs; conformance/contract.yaml is their origin.
  module Contract
    TRACE = "traceparent"
    RESERVED_PREFIX = "x-runtime-"

    # What belongs to one connection: neither passed on to a function nor taken from it.
    HOP_BY_HOP = %w[
      connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade
    ].to_h { |name| [name, true] }.freeze
  end
end
