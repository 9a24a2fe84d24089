# frozen_string_literal: true

require "json"
require_relative "../contract"
require_relative "target"

module Slipway
  module Server
    # The head of a request in raw mode as a function process takes it; see runtimes/FRAMES.md.
    module RawHead
      module_function

      def encode(request)
        path, query = Target.split(request.target)
        JSON.generate(method: request.method, path: text(path), query: text(query), headers: headers(request))
      end

      def headers(request)
        named = request.fields["HTTP_CONNECTION"].to_s.downcase.split(/[ \t]*,[ \t]*/)
        headers = []
        request.each_header do |name, value|
          next if Contract::HOP_BY_HOP[name] || name.start_with?(Contract::Header::RESERVED_PREFIX)

          headers << [text(name), text(value)] unless named.include?(name)
        end
        headers
      end

      # UTF-8 where it is that, else each byte as a character.
      def text(bytes)
        string = bytes.dup.force_encoding(Encoding::UTF_8)
        string.valid_encoding? ? string : bytes.dup.force_encoding(Encoding::ISO_8859_1).encode(Encoding::UTF_8)
      end
    end
  end
end
