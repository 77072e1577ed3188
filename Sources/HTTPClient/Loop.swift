import CCurl
import Glibc

/// The thread's work: takes orders, drives libcurl, hands outcomes back. Made and used on one thread.
final class Loop {
    private struct Running {
        let id: UInt64
        let transfer: Transfer
        let recipient: Recipient
    }

    /// With nothing to do the loop still looks around this often; it is woken for everything that matters.
    private static let longestWait: Duration = .seconds(60)

    private let multi: MultiHandle
    private let mailbox: Mailbox
    private let environment: Environment
    /// By the address of the easy handle, which is how libcurl names a transfer.
    private var running: [UInt: Running] = [:]
    private var addresses: [UInt64: UInt] = [:]
    /// No deadline of a running transfer is earlier.
    private var nextDeadline: ContinuousClock.Instant?

    init(multi: MultiHandle, mailbox: Mailbox, environment: Environment) {
        self.multi = multi
        self.mailbox = mailbox
        self.environment = environment
    }

    /// Works until the mailbox is closed.
    func run() {
        while true {
            let delivery = mailbox.take()
            for letter in delivery.letters { receive(letter) }
            if delivery.isClosed { break }
            multi.perform()
            while let (address, code) = multi.nextFinished() { finish(address, code: code) }
            expire()
            multi.wait(milliseconds: waitMilliseconds)
        }
        for address in Array(running.keys) { end(address, with: .failure(.closed)) }
    }

    private func receive(_ letter: Mailbox.Letter) {
        switch letter {
        case .start(let id, let order, let recipient):
            do throws(HTTPClient.Failure) {
                let transfer = try Transfer(
                    order: order, environment: environment, sockets: multi.sockets, sink: recipient.sink)
                guard multi.add(transfer.easy) else {
                    throw .configuration("libcurl did not take the request")
                }
                running[transfer.easy.address] = Running(id: id, transfer: transfer, recipient: recipient)
                addresses[id] = transfer.easy.address
                nextDeadline = min(nextDeadline ?? transfer.expiry, transfer.expiry)
            } catch {
                recipient.end(with: .failure(error))
            }
        case .cancel(let id):
            // Unknown when it has ended already, or has not begun; see HTTPClient.exchange(_:).
            if let address = addresses[id] { end(address, with: .failure(.cancelled)) }
        }
    }

    private func finish(_ address: UInt, code: CURLcode) {
        guard let transfer = running[address]?.transfer else { return }
        end(address, with: transfer.outcome(of: code))
    }

    /// libcurl's own timeout does not count the time that a request waits for a connection; this does.
    ///
    /// A body that is read as it comes puts its own end off, so that it may be noticed late by as long as its opening
    /// was given.
    private func expire() {
        guard let earliest = nextDeadline, earliest <= .now else { return }
        let now = ContinuousClock.now
        for (address, entry) in running where entry.transfer.expiry <= now {
            if entry.transfer.speaksAgainstConnection {
                multi.sockets.shutDown(entry.transfer.order.origin, silentSince: entry.transfer.beginning)
            }
            end(address, with: .failure(.timedOut))
        }
        nextDeadline = running.values.map(\.transfer.expiry).min()
    }

    private func end(_ address: UInt, with outcome: Transfer.Outcome) {
        guard let entry = running.removeValue(forKey: address) else { return }
        addresses[entry.id] = nil
        multi.remove(entry.transfer.easy)
        entry.recipient.end(with: outcome)
    }

    private var waitMilliseconds: Int32 {
        guard let nextDeadline else { return Int32(Self.longestWait.milliseconds) }
        let wait = min(ContinuousClock.now.duration(to: nextDeadline), Self.longestWait)
        // Rounded up, so that the loop does not spin through the last millisecond.
        return Int32(max(0, wait.milliseconds + 1))
    }
}
