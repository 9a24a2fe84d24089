# frozen_string_literal: true

# The process that runs the function; launch.sh has the server start it. Arguments: FOLDER ENTRYPOINT. Descriptor 3 is
# its socket to the server.

require_relative "lib/slipway/function/loader"

folder, entrypoint = ARGV
ARGV.clear
Slipway::Function::Loader.require_bundle(folder)

require_relative "lib/slipway/function/channel"
require_relative "lib/slipway/function/output"
require_relative "lib/slipway/function/threads"

channel = Slipway::Function::Channel.new(IO.for_fd(3, "r+"))
output = Slipway::Function::Output.new(channel)
output.capture

# A child that the function forks has no part in the stream.
Process.singleton_class.prepend(
  Module.new do
    define_method(:_fork) { super().tap { |child| channel.forked if child.zero? } }
  end
)

begin
  function = Slipway::Function::Loader.new(folder, entrypoint).load
  channel.write(Slipway::Frames.frame(Slipway::Frames::READY, 0))
  Slipway::Function::Threads.new(function, channel, output).run
rescue Slipway::Function::Loader::NotLoaded => e
  channel.write(Slipway::Frames.frame(Slipway::Frames::FAILED, 0, e.message))
  # Until the server goes.
  loop { channel.receive { |kind, number, _| [kind, number] } }
end
