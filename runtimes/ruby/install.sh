#!/bin/sh
# Puts the server, the two scripts and the server's gems into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}
ruby=${RUBY:-ruby}

mkdir -p "$home"
rm -rf "${home:?}/server" "${home:?}/lib"
mkdir -p "$home/server" "$home/lib"
cp "$here/server/main.rb" "$here/server/function.rb" "$home/server/"
cp -R "$here/server/lib" "$home/server/lib"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# The server starts without RubyGems, which takes longer to load than all else: what it needs of its gems lies beside it.
"$ruby" - "$home/lib" <<'EOT'
require "fileutils"

target = ARGV.fetch(0)
wanted = { "nio4r" => %w[nio.rb nio/version.rb nio4r_ext.so], "puma" => %w[puma/puma_http11.so] }
wanted.each do |gem, files|
  begin
    paths = Gem::Specification.find_by_name(gem).full_require_paths
  rescue Gem::MissingSpecError
    abort "install.sh: the gem #{gem} is missing: apt-get install ruby-nio4r puma, or gem install nio4r puma"
  end
  files.each do |file|
    found = paths.map { |path| File.join(path, file) }.find { |path| File.file?(path) }
    abort "install.sh: the gem #{gem} has no #{file}" unless found
    FileUtils.mkdir_p(File.join(target, File.dirname(file)))
    FileUtils.cp(found, File.join(target, file))
  end
end
EOT
