# frozen_string_literal: true

require "json"

module Slipway
  module Function
    # JSON in and out, strictly. What is needed of the library is held here, so that nothing a function patches later
    # reaches other callers.
    module Values
      # These bytes are no JSON document in UTF-8.
      class NotJson < StandardError; end

      # A value that JSON can't hold.
      class NotHeld < StandardError; end

      # More levels than this would need more stack than a thread has.
      DEEPEST = 500
      NEW_PARSER = JSON::Parser.method(:new)
      PARSE = JSON::Parser.instance_method(:parse)
      STATE = JSON::State.new(strict: true, max_nesting: DEEPEST)
      GENERATE = JSON::State.instance_method(:generate)
      # States that nobody uses: a copy costs more than a small value.
      IDLE = [] # rubocop:disable Style/MutableConstant
      # Ruby's parser takes comments, a backslash before any character, and a surrogate without its other half, which it
      # can't write again.
      SUSPICIOUS = %r{\\(?:[^"\\/bfnrtu]|u(?!\h{4})|u[dD][89a-fA-F])|/[/*]}
      WHOLE = /u(?:(?![dD][89a-fA-F])\h{4}|[dD][89abAB]\h{2}\\u[dD][c-fC-F]\h{2})/
      STRICT = %r{\A(?:[^"/]++|"(?:[^"\\]++|\\(?:["\\/bfnrt]|#{WHOLE}))*+")*+\z}
      ParserError = JSON::ParserError
      GeneratorError = JSON::GeneratorError
      NestingError = JSON::NestingError
      private_constant :NEW_PARSER, :PARSE, :STATE, :GENERATE, :IDLE, :SUSPICIOUS, :WHOLE, :STRICT
      private_constant :ParserError, :GeneratorError, :NestingError

      module_function

      def decode(bytes)
        text = bytes.force_encoding(Encoding::UTF_8)
        raise NotJson, "it is not UTF-8" unless text.valid_encoding?
        if (text.include?("\\") || text.include?("/")) && SUSPICIOUS.match?(text) && !STRICT.match?(text)
          raise NotJson, "it holds a comment, an unknown escape or half a character"
        end

        parse(text)
      rescue ParserError => e
        raise NotJson, e.message.scrub("\ufffd")[0, 200]
      end

      # Without options a parser is made in half the time, and goes a hundred levels deep.
      def parse(text)
        PARSE.bind_call(NEW_PARSER.call(text))
      rescue NestingError
        PARSE.bind_call(NEW_PARSER.call(text, max_nesting: DEEPEST))
      end

      def encode(value)
        generate(value)
      rescue GeneratorError, NestingError, EncodingError
        encode_carefully(value)
      end

      # A state is for one value at a time, and remembers how deep it was when it failed: then it is not used again.
      def generate(value)
        state = IDLE.pop || STATE.dup
        text = GENERATE.bind_call(state, value)
        IDLE << state
        text
      end

      # Symbols, and objects that say themselves how they are written, are as good as strings.
      def encode_carefully(value)
        generate(plain(value, DEEPEST))
      rescue GeneratorError, NestingError, EncodingError => e
        raise NotHeld, e.message.scrub("\ufffd")
      end

      def plain(value, levels)
        raise NotHeld, "it is nested more than #{DEEPEST} levels deep" if levels.negative?

        case value
        when Hash then value.to_h { |name, member| [name.to_s, plain(member, levels - 1)] }
        when Array then value.map { |member| plain(member, levels - 1) }
        when Symbol then value.name
        when String, Numeric, true, false, nil then value
        else own(value)
        end
      end

      def own(value)
        method = value.method(:to_json)
        if method.owner.to_s.start_with?("JSON::")
          raise NotHeld, "it holds a #{value.class}: give a Hash, an Array, a String or a number"
        end

        decode(method.call.to_s.dup)
      end
    end
  end
end
