# frozen_string_literal: true

# The server process; launch.sh starts this file.

# Until there is something to drain, a signal ends it at once.
%w[TERM INT].each { |name| trap(name) { exit! 0 } }

# The HTTP library asks RubyGems which system this is; the server has no other use for it.
module Gem
  def self.win_platform?
    false
  end
end

require_relative "lib/slipway/server/settings"
require_relative "lib/slipway/server/lifecycle"

begin
  settings = Slipway::Server::Settings.read(ENV)
rescue Slipway::Server::SettingError => e
  warn "slipway: #{e.message}"
  exit! Slipway::Contract::CONFIGURATION_EXIT
end

log = Slipway::Server::Log.new($stdout)
code = 0
begin
  Slipway::Server::Lifecycle.new(settings, log).run
rescue Slipway::Server::CannotListen => e
  code = 1
  log.write(1, e.message)
rescue Exception => e # rubocop:disable Lint/RescueException -- whatever it was, the log has to say it
  code = 1
  log.write(1, Slipway::Server::Log.text("the server failed: #{e.full_message(highlight: false)}"))
end
log.close(2)
# The thread of the log may still hang on a pipe that nobody reads.
exit! code
