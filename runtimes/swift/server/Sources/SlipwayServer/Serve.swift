import CSlipway
import Glibc
import Slipway

/// Serves a plain function. Ends with the process.
public func serve(_ function: @escaping @Sendable (Request, Response) throws -> Void) -> Never {
  serve(.plain(function))
}

/// Serves an asynchronous function. Ends with the process.
public func serve(_ function: @escaping @Sendable (Request, Response) async throws -> Void) -> Never {
  serve(.asynchronous(function))
}

/// Serves a function, or the news that there is none.
public func serve(_ function: Function?) -> Never {
  signal(SIGPIPE, SIG_IGN)
  let logs = Logs(descriptor: STDOUT_FILENO)
  do {
    let settings = try Settings(environment: Settings.environment())
    var supervisor = try Supervisor(settings: settings, function: function)
    slipway_end(supervisor.run())
  } catch let unreadable as Settings.Unreadable {
    logs.writeDirectly(.error, nil, unreadable.message)
    slipway_end(Contract.configurationExit)
  } catch {
    logs.writeDirectly(.error, nil, (error as? SystemError)?.message ?? "\(error)")
    slipway_end(1)
  }
}
