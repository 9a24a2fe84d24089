# frozen_string_literal: true

require_relative "../contract"
require_relative "../trace"
require_relative "authorise"
require_relative "refusal"
require_relative "settings"

module Slipway
  module Server
    # What a request's head tells the runtime itself, and why a request is refused before its body is read.
    class Control
      # The parser's name of a header.
      def self.field(name)
        "HTTP_#{name.upcase.tr('-', '_')}".freeze
      end

      SECRET = field(Contract::Header::SECRET)
      MODE = field(Contract::Header::MODE)
      TIMEOUT = field(Contract::Header::TIMEOUT)
      INVOCATION = field(Contract::Header::INVOCATION)
      RESULT = field(Contract::Header::RESULT)
      TRACE = field(Contract::Header::TRACE)
      JSON_TYPE = %r{\Aapplication/json[ \t]*(?:;|\z)}i
      private_constant :SECRET, :MODE, :TIMEOUT, :INVOCATION, :RESULT, :TRACE, :JSON_TYPE

      def initialize(settings)
        @settings = settings
        @authorise = Authorise.new(settings.secret)
        @prefix = "#{Random.bytes(6).unpack1('H*')}-"
        @count = 0
      end

      # Fills in what the headers say; raises a Refusal.
      def judge(request)
        return if (request.probe = probe(request))

        authorise(request)
        request.id = id(request.fields[INVOCATION])
        read_choices(request, request.fields)
        raise Refusal.body_too_large(@settings.max_body) if request.length && request.length > @settings.max_body

        judge_envelope(request) unless request.raw
      end

      # The same request once more.
      def renew(request)
        request.id = new_id unless request.fields.key?(INVOCATION)
      end

      private

      # The runtime's own path that is asked for, nil where it is none of the two. In raw mode all are the function's.
      def probe(request)
        target = request.target
        return unless target.start_with?("/_runtime/") && request.fields[MODE] != "raw"
        return unless %w[GET HEAD].include?(request.method)

        path = target.partition("?").first
        path if [Contract::HEALTH, Contract::READY].include?(path)
      end

      def authorise(request)
        return if @authorise.call(request.fields[SECRET] || "")

        raise Refusal.new("unauthorized", "#{Contract::Header::SECRET} is missing or wrong")
      end

      def new_id
        @prefix + (@count += 1).to_s(36)
      end

      def id(given)
        return new_id if given.nil?
        return given if Contract::INVOCATION_ID.match?(given)

        raise Refusal.header(Contract::Header::INVOCATION, "1 to 64 of A-Z a-z 0-9 . _ -")
      end

      def read_choices(request, fields)
        request.timeout = timeout(fields[TIMEOUT])
        request.raw = choice(fields[MODE], Contract::Header::MODE, "raw", "envelope")
        request.result = choice(fields[RESULT], Contract::Header::RESULT, "envelope", "plain")
        request.trace = (parent = fields[TRACE]) && Trace.id(parent)
      end

      def timeout(given)
        return @settings.timeout if given.nil?

        seconds = Settings.positive_decimal(given) or
          raise Refusal.header(Contract::Header::TIMEOUT, "a positive number of seconds")
        [seconds, @settings.timeout].min
      end

      def choice(given, name, chosen, default)
        return false if given.nil? || given == default
        return true if given == chosen

        raise Refusal.header(name, "#{chosen} or #{default}")
      end

      def judge_envelope(request)
        target = request.target
        raise Refusal.new("not_found", "the envelope is posted to /") unless target == "/" || Target.path(target) == "/"
        unless request.method == "POST"
          raise Refusal.new("method_not_allowed", "the envelope is posted", "allow: POST\r\n")
        end

        type = request.fields["CONTENT_TYPE"]
        return if type == "application/json" || JSON_TYPE.match?(type.to_s)

        raise Refusal.new("unsupported_media_type", "the envelope is application/json")
      end
    end
  end
end
