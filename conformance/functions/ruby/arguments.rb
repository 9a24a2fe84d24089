# frozen_string_literal: true

# Which arguments each step takes: an argument that is missing or of the wrong type makes the step unknown.
module Arguments
  SENT = { "text?" => String, "base64?" => String, "status?" => Numeric, "headers?" => Hash }.freeze
  # Name to type; a question mark where it may be missing.
  KINDS = {
    "send" => SENT,
    "json" => { "special?" => String, "status?" => Numeric, "headers?" => Hash },
    "report" => {},
    "echo" => {},
    "again" => SENT,
    "await" => { "ms" => Numeric },
    "block" => { "ms" => Numeric },
    "spin" => { "ms?" => Numeric },
    "meet" => { "name" => String, "count" => Integer, "timeout_ms" => Numeric },
    "log" => { "message" => String, "times?" => Integer },
    "error" => { "message" => String, "times?" => Integer },
    "print" => { "text" => String, "to?" => String, "times?" => Integer },
    "flood" => { "bytes" => Integer, "line?" => Integer },
    "bytes" => { "base64" => String },
    "throw" => { "message" => String },
    "background" => { "ms" => Numeric, "message" => String },
    "background_log" => { "ms" => Numeric, "message" => String },
    "exit" => { "how" => String },
    "allocate" => { "mb?" => Integer },
    "patch" => {},
    "mutate" => { "name" => String, "value" => String },
    "count" => {},
    "getenv" => { "name" => String },
    "find_secret" => { "reversed" => String },
    "write" => { "path" => String },
    "fetch" => { "host" => String, "port" => Integer, "timeout_ms" => Numeric },
    "files" => {},
    "dependency" => {}
  }.freeze

  def self.right?(step)
    kinds = KINDS[step["do"]] or return false
    kinds.all? do |name, kind|
      wanted = name.delete_suffix("?")
      next true if wanted != name && !step.key?(wanted)

      step[wanted].is_a?(kind)
    end
  end
end
