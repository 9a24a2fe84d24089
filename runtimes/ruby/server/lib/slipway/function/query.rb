# frozen_string_literal: true

module Slipway
  module Function
    # The query of a request, as forms write it. A percent sign that encodes nothing stands for itself.
    module Query
      module_function

      def decode(text)
        text.split("&").each_with_object({}) do |pair, query|
          next if pair.empty?

          name, _, value = pair.partition("=")
          (query[unescape(name)] ||= []) << unescape(value)
        end
      end

      def unescape(text)
        return text unless text.match?(/[%+]/)

        bytes = text.b.tr("+", " ").gsub(/%\h\h/) { |escape| escape[1, 2].hex.chr }
        bytes.force_encoding(Encoding::UTF_8).scrub("\ufffd")
      end
    end
  end
end
