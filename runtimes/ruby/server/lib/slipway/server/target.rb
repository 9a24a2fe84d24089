# frozen_string_literal: true

module Slipway
  module Server
    # A request target, which may be absolute, as a proxy sends it.
    module Target
      AUTHORITY = %r{\A[A-Za-z][A-Za-z0-9+.-]*://[^/?]*}
      private_constant :AUTHORITY

      module_function

      # Path and query, cut at the first question mark.
      def split(target)
        target = target.sub(AUTHORITY, "") unless target.start_with?("/")
        path, _, query = target.partition("?")
        [path.empty? ? "/" : path, query]
      end

      def path(target)
        split(target).first
      end
    end
  end
end
