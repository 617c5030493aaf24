# A job that does nothing. `ruby sidekiq_jobs.rb N` enqueues N of them.
require "sidekiq"

class Noop
  include Sidekiq::Worker
  def perform(_text); end
end

Redis.silence_deprecations = true
# Sidekiq writes two lines a job by default: not while it is measured.
Sidekiq.configure_server { |config| config.logger.level = Logger::ERROR }

if $PROGRAM_NAME == __FILE__
  jobs = [["x" * 89]] * Integer(ARGV.fetch(0))
  jobs.each_slice(1000) { |some| Sidekiq::Client.push_bulk("class" => Noop, "args" => some) }
end
