# frozen_string_literal: true

module Slipway
  module Server
    # A setting that can't be read. The message names the variable and says what it may be.
    class SettingError < StandardError; end

    # The environment, read once at start. Times in seconds, sizes in bytes.
    Settings = Data.define(
      :secret, :host, :port, :development, :timeout, :grace, :max_body, :concurrency, :workers, :entrypoint, :folder,
      :environment
    )

    # How they are read.
    class Settings
      DECIMAL = /\A(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})\z/
      private_constant :DECIMAL

      class << self
        def read(env)
          new(
            secret: secret(env),
            host: text(env, "RUNTIME_HOST", "0.0.0.0"),
            port: integer(env, "RUNTIME_PORT", 3000, 65_535),
            development: env["RUNTIME_ENV"] == "development",
            timeout: seconds(env, "RUNTIME_TIMEOUT", 30.0),
            grace: seconds(env, "RUNTIME_GRACE", 10.0),
            max_body: integer(env, "RUNTIME_MAX_BODY", 20 * 1024 * 1024, 1 << 30),
            concurrency: integer(env, "RUNTIME_CONCURRENCY", 100, 1_000_000),
            workers: integer(env, "RUNTIME_WORKERS", 1, 256),
            entrypoint: text(env, "RUNTIME_ENTRYPOINT", "main.rb"),
            folder: folder(env),
            environment: function_environment(env)
          )
        end

        # The number, or nil where the text is no positive decimal.
        def positive_decimal(text)
          return unless DECIMAL.match?(text)

          number = text.to_f
          number if number.positive?
        end

        private

        # launch.sh hands it over on a descriptor, so that no process's environment ever shows it.
        def secret(env)
          descriptor = env["RUNTIME_SECRET_FD"]
          unless descriptor&.match?(/\A[0-9]+\z/)
            raise SettingError, "RUNTIME_SECRET: start the server with launch.sh, which passes the secret on"
          end

          pipe = IO.for_fd(descriptor.to_i, "rb")
          secret = pipe.read.delete_suffix("\n")
          pipe.close
          raise SettingError, "RUNTIME_SECRET is empty: set it, or RUNTIME_SECRET_FILE" if secret.empty?

          secret
        end

        # The build, or the plain source where nothing was built.
        def folder(env)
          build = text(env, "FUNCTION_BUILD", "/function/build")
          source = text(env, "FUNCTION_SOURCE", "/function/source")
          built = File.directory?(build) && !Dir.empty?(build)
          built || !File.directory?(source) ? build : source
        end

        # What the function may see: everything but what concerns the runtime. launch.sh keeps Ruby's own variables
        # away from the server, for the function only.
        def function_environment(env)
          kept = env.reject { |name, _| name.start_with?("RUNTIME_") }
          %w[RUBYOPT RUBYLIB].each do |name|
            value = env["RUNTIME_FUNCTION_#{name}"]
            kept[name] = value if value
          end
          kept
        end

        def text(env, name, default)
          value = env[name]
          value.nil? || value.empty? ? default : value
        end

        def integer(env, name, default, most)
          value = text(env, name, default.to_s)
          return value.to_i if value.match?(/\A[0-9]{1,15}\z/) && value.to_i.between?(1, most)

          raise SettingError, "#{name} must be a whole number from 1 to #{most}, not #{value[0, 40].inspect}"
        end

        def seconds(env, name, default)
          value = text(env, name, default.to_s)
          positive_decimal(value) or
            raise SettingError, "#{name} must be a positive number of seconds, not #{value[0, 40].inspect}"
        end
      end
    end
  end
end
