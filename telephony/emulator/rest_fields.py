"""The fields that Twilio's REST API takes, for each method and path that the emulator serves.

Names only, as Twilio's OpenAPI document of the 2010-04-01 API lists them; a test holds this list against that document
where it is at hand. Each handler
names those that it plays; the others are Twilio's but refused here, so that nobody relies on what would be ignored.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("POST", "/Calls"): _names("""
        ApplicationSid AsyncAmd AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod Byoc CallReason CallToken
        CallerId ClientNotificationUrl FallbackMethod FallbackUrl From MachineDetection
        MachineDetectionSilenceTimeout MachineDetectionSpeechEndThreshold MachineDetectionSpeechThreshold
        MachineDetectionTimeout Method Record RecordingChannels RecordingStatusCallback
        RecordingStatusCallbackEvent RecordingStatusCallbackMethod RecordingTrack SendDigits SipAuthPassword
        SipAuthUsername StatusCallback StatusCallbackEvent StatusCallbackMethod TimeLimit Timeout To Trim Twiml
        Url
        """),
    ("GET", "/Calls"): _names("""
        EndTime EndTime< EndTime> From Page PageSize PageToken ParentCallSid StartTime StartTime< StartTime>
        Status To
        """),
    ("POST", "/Calls/{Sid}"): _names("""
        FallbackMethod FallbackUrl Method Status StatusCallback StatusCallbackMethod TimeLimit Twiml Url
        """),
    ("POST", "/Messages"): _names("""
        AddressRetention ApplicationSid Attempt Body ContentRetention ContentSid ContentVariables FallbackFrom
        ForceDelivery From MaxPrice MediaUrl MessagingServiceSid PersistentAction ProvideFeedback RiskCheck
        ScheduleType SendAsMms SendAt ShortenUrls SmartEncoded StatusCallback To TrafficType ValidityPeriod
        """),
    ("GET", "/Messages"): _names("""
        DateSent DateSent< DateSent> From Page PageSize PageToken To
        """),
    ("POST", "/Messages/{Sid}"): _names("""
        Body Status
        """),
    ("POST", "/Queues"): _names("""
        FriendlyName MaxSize
        """),
    ("GET", "/Queues"): _names("""
        Page PageSize PageToken
        """),
    ("POST", "/Queues/{Sid}"): _names("""
        FriendlyName MaxSize
        """),
    ("GET", "/Queues/{QueueSid}/Members"): _names("""
        Page PageSize PageToken
        """),
    ("POST", "/Queues/{QueueSid}/Members/{CallSid}"): _names("""
        Method Url
        """),
    ("GET", "/Conferences"): _names("""
        DateCreated DateCreated< DateCreated> DateUpdated DateUpdated< DateUpdated> FriendlyName Page PageSize
        PageToken Status
        """),
    ("POST", "/Conferences/{Sid}"): _names("""
        AnnounceMethod AnnounceUrl Status
        """),
    ("GET", "/Conferences/{ConferenceSid}/Participants"): _names("""
        Coaching Hold Muted Page PageSize PageToken
        """),
    ("POST", "/Conferences/{ConferenceSid}/Participants/{CallSid}"): _names("""
        AnnounceMethod AnnounceUrl BeepOnExit CallSidToCoach Coaching EndConferenceOnExit Hold HoldMethod HoldUrl
        Muted WaitMethod WaitUrl
        """),
    ("GET", "/Recordings"): _names("""
        CallSid ConferenceSid DateCreated DateCreated< DateCreated> IncludeSoftDeleted Page PageSize PageToken
        """),
    ("GET", "/Calls/{CallSid}/Recordings"): _names("""
        DateCreated DateCreated< DateCreated> Page PageSize PageToken
        """),
    ("GET", "/IncomingPhoneNumbers"): _names("""
        Beta FriendlyName Origin Page PageSize PageToken PhoneNumber
        """),
    ("POST", "/IncomingPhoneNumbers/{Sid}"): _names("""
        AccountSid AddressSid ApiVersion BundleSid EmergencyAddressSid EmergencyStatus FriendlyName IdentitySid
        SmsApplicationSid SmsFallbackMethod SmsFallbackUrl SmsMethod SmsUrl StatusCallback StatusCallbackMethod
        TrunkSid VoiceApplicationSid VoiceCallerIdLookup VoiceFallbackMethod VoiceFallbackUrl VoiceMethod
        VoiceReceiveMode VoiceUrl
        """),
    ("POST", "/Conferences/{ConferenceSid}/Participants"): _names("""
        AmdStatusCallback AmdStatusCallbackMethod Beep Byoc CallReason CallSidToCoach CallToken CallerDisplayName
        CallerId ClientNotificationUrl Coaching ConferenceRecord ConferenceRecordingStatusCallback
        ConferenceRecordingStatusCallbackEvent ConferenceRecordingStatusCallbackMethod ConferenceStatusCallback
        ConferenceStatusCallbackEvent ConferenceStatusCallbackMethod ConferenceTrim EarlyMedia
        EndConferenceOnExit From JitterBufferSize Label MachineDetection MachineDetectionSilenceTimeout
        MachineDetectionSpeechEndThreshold MachineDetectionSpeechThreshold MachineDetectionTimeout
        MaxParticipants Muted Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackEvent
        RecordingStatusCallbackMethod RecordingTrack Region SipAuthPassword SipAuthUsername
        StartConferenceOnEnter StatusCallback StatusCallbackEvent StatusCallbackMethod TimeLimit Timeout To Trim
        WaitMethod WaitUrl
    """),
}
