import Slipway

/// The function, whatever its kind.
public enum Function: Sendable {
  case plain(@Sendable (Request, Response) throws -> Void)
  case asynchronous(@Sendable (Request, Response) async throws -> Void)
}

extension Invocation {
  /// Runs a plain function on this thread.
  func run(_ function: @Sendable (Request, Response) throws -> Void, _ request: Request) {
    run {
      do {
        try function(request, response)
      } catch {
        fail(error)
      }
    }
  }

  /// Starts an asynchronous one, which posts its end.
  func start(_ function: @escaping @Sendable (Request, Response) async throws -> Void, _ request: Request) {
    task = Task(executorPreference: self) {
      await Invocation.$current.withValue(self) {
        do {
          try await function(request, self.response)
        } catch {
          self.fail(error)
        }
      }
      self.server.loop.post(.ended(self))
    }
  }
}
