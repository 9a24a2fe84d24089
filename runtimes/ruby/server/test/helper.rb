# frozen_string_literal: true

# Unit tests run against what is installed: RUNTIME_HOME names it (default /runtime).

require "minitest/autorun"

HOME = ENV.fetch("RUNTIME_HOME", "/runtime")
$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
