# frozen_string_literal: true

require "digest/sha2"

module Slipway
  module Server
    # Whether a caller knows the secret. Digests are compared, salted anew by each process: how long that takes tells
    # nothing about the secret itself.
    class Authorise
      def initialize(secret)
        @salt = Random.bytes(16)
        @sha = Digest::SHA256.new
        @expected = digest(secret)
      end

      def call(given)
        digest(given) == @expected
      end

      private

      def digest(value)
        @sha.update(@salt)
        @sha.update(value)
        @sha.digest!
      end
    end
  end
end
