# frozen_string_literal: true

# A Rack application on puma, in one process with five threads, as puma starts by default.

require "json"
require "puma"
require "puma/server"

application = lambda do |env|
  name = JSON.parse(env["rack.input"].read).dig("payload", "name")
  [200, { "content-type" => "application/json" }, [JSON.generate(message: "Hello #{name}")]]
end

server = Puma::Server.new(application, nil, min_threads: 5, max_threads: 5, log_writer: Puma::LogWriter.null)
server.add_tcp_listener("0.0.0.0", 3000)
server.run.join
