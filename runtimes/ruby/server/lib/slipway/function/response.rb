# frozen_string_literal: true

require_relative "../contract"
require_relative "../frames"
require_relative "values"

module Slipway
  # Takes the function's answer, once.
  class Response
    # The function has answered already.
    class AlreadyAnswered < StandardError
      def initialize
        super("the function has answered already: the first answer stands")
      end
    end

    TOKEN = /\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\z/
    NOT_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/n
    private_constant :TOKEN, :NOT_A_VALUE

    def initialize
      @answered = false
      @problem = nil
    end

    # A text, or bytes where the string's encoding is binary ("...".b).
    def send(body, status: 200, headers: nil)
      raise AlreadyAnswered if @answered
      raise TypeError, "send takes a String, not #{body.class}: json takes any value" unless body.is_a?(String)

      binary = body.encoding == Encoding::BINARY
      body = text(body) unless binary
      keep(binary ? Frames::BYTES : Frames::TEXT, body.dup, status, headers)
    end

    # Any value that JSON can hold.
    def json(value, status: 200, headers: nil)
      raise AlreadyAnswered if @answered

      begin
        body = Function::Values.encode(value)
      rescue Function::Values::NotHeld, Function::Values::NotJson => e
        refuse("the value can't be JSON: #{e.message}")
        body = ""
      end
      keep(Frames::JSON, body, status, headers)
    end

    def inspect
      "#<#{self.class}#{' answered' if @answered}>"
    end

    def answered?
      @answered
    end

    # Why the answer can't be sent, nil where it can.
    attr_reader :problem

    # The answer as the runtime sends it on.
    def frame(number)
      Frames.answer(number, @status, @type, @head, @body)
    end

    private

    def keep(type, body, status, headers)
      @answered = true
      unless status.is_a?(Integer) && status.between?(200, 599)
        refuse("the status must be a whole number from 200 to 599, not #{status.inspect}")
      end
      @status = status
      @type = type
      @body = body
      @head = headers.nil? || headers.empty? ? "" : head(headers)
    end

    # The first problem is the one to tell.
    def refuse(problem)
      @problem ||= problem
    end

    def text(body)
      body = body.encode(Encoding::UTF_8)
      refuse("the text is not valid UTF-8: bytes are a string of binary encoding") unless body.valid_encoding?
      body
    rescue EncodingError
      refuse("the text can't be written as UTF-8")
      ""
    end

    # The header lines as JSON, or "".
    def head(headers)
      lines = []
      headers.each do |name, value|
        name = name.to_s
        refuse("#{name.inspect} is no name of a header") unless TOKEN.match?(name)
        values = values(name, value)
        values = own_type(values) if name.casecmp?("content-type")
        values.each { |one| lines << [name, one] } unless runtimes?(name.downcase)
      end
      lines.empty? || @problem ? "" : Function::Values.encode(lines)
    end

    # Whether a header is the runtime's business.
    def runtimes?(name)
      Contract::HOP_BY_HOP[name] || name == "content-length" || name.start_with?(Contract::RESERVED_PREFIX)
    end

    # Once, also where it was given in two spellings.
    def own_type(values)
      return [] if @type == Frames::OWN_TYPE

      @type = Frames::OWN_TYPE
      values.first(1)
    end

    def values(name, value)
      (value.is_a?(Array) ? value : [value]).map do |one|
        case one
        when String, Symbol, Integer then one = one.to_s
        else refuse("the value of #{name} must be a String or an Array of them")
        end
        refuse("the value of #{name} holds a control character") if NOT_A_VALUE.match?(one.to_s.b)
        one
      end
    end
  end
end
